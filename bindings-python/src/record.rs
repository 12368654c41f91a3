//! The one class behind every model: a view of where a record lies in a page. Nothing is made of it before it is looked at,
//! and nothing is lost.

use std::cell::Cell;
use std::ptr;
use std::sync::{Arc, OnceLock};

use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};
use tenantry::page::{At, Block, Page};

use crate::model::Model;
use crate::{display, json};

#[pyclass(frozen, subclass, module = "tenantry._native")]
pub struct Record {
    page: Arc<Page>,
    at: At,
}

impl Record {
    pub fn page(&self) -> &Arc<Page> {
        &self.page
    }

    pub fn block(&self) -> Block<'_> {
        self.page.block_at(self.at)
    }

    fn text(&self) -> &str {
        self.block().own().of(self.page.text())
    }

    /// The text of a record as a page of its own.
    fn of_text(class: &Bound<'_, PyType>, text: String) -> PyResult<Self> {
        let layout = Model::of(class)?.get().layout;
        let page = Page::of_one(layout, text).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self::alone(page))
    }

    /// The only record of a page.
    fn alone(page: Page) -> Self {
        let at = page.block(0).at();
        Self { page: Arc::new(page), at }
    }
}

thread_local! {
    /// The view that the next record is made of: arguments of a call would cost more than the whole record.
    static NEXT: Cell<Option<Record>> = const { Cell::new(None) };
}

/// `Record`, or a class that is made from it.
pub struct Class(Py<PyType>);

impl Class {
    pub fn new(class: &Bound<'_, PyType>) -> PyResult<Self> {
        if !class.is_subclass_of::<Record>()? {
            return Err(PyTypeError::new_err(format!("{class} is no class of records")));
        }
        Ok(Self(class.clone().unbind()))
    }

    pub fn of(record: &Bound<'_, Record>) -> Self {
        Self(record.get_type().unbind())
    }

    pub fn bind<'py>(&self, py: Python<'py>) -> &Bound<'py, PyType> {
        self.0.bind(py)
    }

    /// A record of this class at a place of a page.
    pub fn make<'py>(&self, py: Python<'py>, page: Arc<Page>, at: At) -> PyResult<Bound<'py, PyAny>> {
        static NEW: OnceLock<Option<ffi::newfunc>> = OnceLock::new();
        let new = NEW.get_or_init(|| {
            let record = py.get_type::<Record>();
            // Safety: the type is alive, and the slot of a type's `tp_new`, if it has one, holds a `newfunc`.
            unsafe {
                let slot = ffi::PyType_GetSlot(record.as_type_ptr(), ffi::Py_tp_new);
                std::mem::transmute::<*mut std::ffi::c_void, Option<ffi::newfunc>>(slot)
            }
        });
        let new = new.ok_or_else(|| PyTypeError::new_err("Record has no constructor"))?;
        NEXT.set(Some(Record { page, at }));
        let nothing = PyTuple::empty(py);
        // Safety: `new` makes instances of `Record` and of what is made from it, which this class is by construction; the
        // arguments are a tuple, and no keywords. What it gives is a new reference, or null with an exception set.
        let made = unsafe {
            let made = new(self.0.as_ptr().cast(), nothing.as_ptr(), ptr::null_mut());
            Bound::from_owned_ptr_or_err(py, made)
        };
        if made.is_err() {
            NEXT.set(None);
        }
        made
    }

    /// A record of this class, of its own text.
    pub fn read<'py>(&self, py: Python<'py>, text: String) -> PyResult<Bound<'py, PyAny>> {
        let record = Record::of_text(self.bind(py), text)?;
        self.make(py, record.page, record.at)
    }

    /// A record of this class, the only one of a page; read anew if the class reads it by another layout.
    pub fn alone<'py>(&self, py: Python<'py>, page: Page) -> PyResult<Bound<'py, PyAny>> {
        if !ptr::eq(Model::of(self.bind(py))?.get().layout, page.layout()) {
            return self.read(py, page.into_text());
        }
        let record = Record::alone(page);
        self.make(py, record.page, record.at)
    }

    /// A list of records of this class, from the text of an array; none from anything else.
    pub fn read_list<'py>(&self, py: Python<'py>, text: String) -> PyResult<Bound<'py, PyList>> {
        let layout = Model::of(self.bind(py))?.get().layout;
        match Page::of_rows(layout, text) {
            Ok(page) => self.rows(py, &Arc::new(page)),
            Err(_) => Ok(PyList::empty(py)),
        }
    }

    /// The rows of a page.
    pub fn rows<'py>(&self, py: Python<'py>, page: &Arc<Page>) -> PyResult<Bound<'py, PyList>> {
        let make = |number: &u32| self.make(py, Arc::clone(page), page.block(*number).at());
        let rows: PyResult<Vec<_>> = page.numbers().iter().map(make).collect();
        PyList::new(py, rows?)
    }
}

/// A list of `model` from the text of a JSON array.
#[pyfunction]
pub fn records<'py>(model: &Bound<'py, PyType>, text: String) -> PyResult<Bound<'py, PyList>> {
    Class::new(model)?.read_list(model.py(), text)
}

#[pymethods]
impl Record {
    #[new]
    #[classmethod]
    #[pyo3(signature = (text = None))]
    fn new(class: &Bound<'_, PyType>, text: Option<String>) -> PyResult<Self> {
        match text {
            Some(text) => Self::of_text(class, text),
            None => NEXT.take().ok_or_else(|| PyTypeError::new_err("a record is made of its JSON text")),
        }
    }

    #[classmethod]
    fn __init_subclass__(class: &Bound<'_, PyType>) -> PyResult<()> {
        Model::read(class)
    }

    #[classattr]
    fn _table() -> PyResult<Model> {
        Model::unknown()
    }

    /// The value of the field at `slot` of `_fields`; None when the reply has none.
    fn _get<'py>(slf: &Bound<'py, Self>, slot: usize) -> PyResult<Bound<'py, PyAny>> {
        let model = Model::of(&slf.get_type())?;
        let field = model.get().fields.get(slot).ok_or_else(|| PyIndexError::new_err(slot))?;
        field.read(slf)
    }

    /// Everything the reply held, as plain Python values; secrets are in it.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::value(py, self.text())
    }

    /// The reply's own JSON text; secrets are in it.
    fn to_json(&self) -> &str {
        self.text()
    }

    /// The reply's own JSON text; secrets are in it.
    #[getter]
    fn raw(&self) -> &str {
        self.text()
    }

    /// What the reply held besides the documented fields.
    #[getter]
    fn extra<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let extra = slf.get().to_dict(slf.py())?.cast_into::<PyDict>()?;
        for field in &Model::of(&slf.get_type())?.get().fields {
            if extra.contains(field.name())? {
                extra.del_item(field.name())?;
            }
        }
        Ok(extra)
    }

    /// The same record by itself. A record of a list keeps the whole page that it came in: keep this one instead of it
    /// where few of many are kept.
    fn detach<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let record = slf.get();
        if record.page.text().len() == record.text().len() {
            return Ok(slf.clone().into_any());
        }
        Class::of(slf).read(slf.py(), record.text().to_owned())
    }

    fn __richcmp__<'py>(
        slf: &Bound<'py, Self>,
        other: &Bound<'py, PyAny>,
        op: CompareOp,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let same = match (other.cast::<Self>(), op) {
            (Ok(other), CompareOp::Eq | CompareOp::Ne) if slf.get_type().is(other.get_type()) => {
                let (left, right) = (slf.get(), other.get());
                left.text() == right.text() || left.to_dict(py)?.eq(right.to_dict(py)?)?
            }
            _ => return Ok(py.NotImplemented().into_bound(py)),
        };
        (same == matches!(op, CompareOp::Eq)).into_bound_py_any(py)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let arguments = (slf.get().text(),).into_pyobject(py)?;
        (slf.get_type(), arguments).into_pyobject(py)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        display::text(slf)
    }

    fn _repr_html_(slf: &Bound<'_, Self>) -> PyResult<String> {
        display::html(slf)
    }
}
