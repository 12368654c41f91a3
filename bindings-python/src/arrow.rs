//! Columns by Apache Arrow's C data interface, which the libraries of data frames read.
//!
//! What is handed over is a C struct with a function that releases it. Whoever holds the struct calls that once; a struct
//! whose function is null was released, or moved elsewhere.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyType};
use tenantry::ops;
use tenantry::page::{Batch, Column, Columns, Holds, Values};

use crate::model::Model;

/// Columns of a list's rows.
#[pyclass(frozen, name = "Columns", module = "tenantry")]
pub struct Table {
    columns: Columns,
    batches: Mutex<Vec<Arc<Batch>>>,
}

impl Table {
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    pub fn push(&self, batch: Batch) {
        self.locked().push(Arc::new(batch));
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Batch>>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Table {
    /// An empty table of these fields, or an envelope that says which of them the model has not.
    #[staticmethod]
    fn of(model: &Bound<'_, PyType>, names: Vec<String>) -> PyResult<Py<PyAny>> {
        let py = model.py();
        match Columns::new(Model::of(model)?.get().layout.root, &names) {
            Ok(columns) => Ok(Py::new(py, Self { columns, batches: Mutex::default() })?.into_any()),
            Err(error) => Ok(ops::envelope(Err(error)).into_pyobject(py)?.into_any().unbind()),
        }
    }

    /// The names of the columns.
    #[getter]
    fn names(&self) -> Vec<&str> {
        self.columns.fields().map(|(name, _)| name).collect()
    }

    fn __len__(&self) -> usize {
        self.locked().iter().map(|batch| batch.rows).sum()
    }

    fn __repr__(&self) -> String {
        format!("Columns({} rows: {})", self.__len__(), self.names().join(", "))
    }

    /// The types of the columns, for who reads Arrow's C data interface.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        PyCapsule::new_with_value(py, ArrowSchema::of(&self.columns), c"arrow_schema")
    }

    /// The columns, a batch for each page, for who reads Arrow's C data interface.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        slf: &Bound<'py, Self>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Other types than these may be asked for, and need not be given.
        let _ = requested_schema;
        let table = slf.get();
        let stream = Stream { columns: table.columns.clone(), batches: table.locked().clone(), next: 0 };
        PyCapsule::new_with_value(slf.py(), ArrowArrayStream::new(stream), c"arrow_array_stream")
    }
}

/// Arrow's name of a column's type.
fn format_of(holds: Holds) -> &'static CStr {
    match holds {
        Holds::Text | Holds::Any => c"u",
        Holds::Instant => c"tsu:UTC",
        Holds::Integer => c"l",
        Holds::Boolean => c"b",
    }
}

const NULLABLE: i64 = 2;

#[repr(C)]
struct ArrowSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut ArrowSchema,
    dictionary: *mut ArrowSchema,
    release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

/// What a schema's pointers point to.
struct SchemaParts {
    name: CString,
    children: Vec<*mut ArrowSchema>,
}

// Safety: its pointers are to what it alone owns, and to statics.
unsafe impl Send for ArrowSchema {}

impl ArrowSchema {
    /// A struct whose fields are the columns.
    fn of(columns: &Columns) -> Self {
        let fields = columns.fields().map(|(name, holds)| Self::new(format_of(holds), name, Vec::new()));
        Self::new(c"+s", "", fields.collect())
    }

    fn new(format: &'static CStr, name: &str, children: Vec<Self>) -> Self {
        let children = children.into_iter().map(|child| Box::into_raw(Box::new(child))).collect();
        // A field's name has no zero byte: JSON has none.
        let mut parts = Box::new(SchemaParts { name: CString::new(name).unwrap_or_default(), children });
        Self {
            format: format.as_ptr(),
            name: parts.name.as_ptr(),
            metadata: ptr::null(),
            flags: NULLABLE,
            n_children: parts.children.len() as i64,
            children: parts.children.as_mut_ptr(),
            dictionary: ptr::null_mut(),
            release: Some(release_schema),
            private_data: Box::into_raw(parts).cast(),
        }
    }
}

impl Drop for ArrowSchema {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // Safety: it was made by `new` and not released, else the function were null.
            unsafe { release(self) }
        }
    }
}

/// Safety: `schema` was made by [`ArrowSchema::new`], perhaps moved since, and was not released.
unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // Safety: as above; so `private_data` is the box that `new` leaked, and its children are boxes, which nobody else owns.
    // A consumer that moved a child elsewhere left null in its `release`, so that dropping it does nothing.
    unsafe {
        let parts: Box<SchemaParts> = Box::from_raw((*schema).private_data.cast());
        for child in parts.children {
            drop(Box::from_raw(child));
        }
        (*schema).release = None;
    }
}

#[repr(C)]
struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

/// What an array's pointers point to, and who keeps the memory of its buffers.
struct ArrayParts {
    buffers: Vec<*const c_void>,
    children: Vec<*mut ArrowArray>,
    _batch: Arc<Batch>,
}

impl ArrowArray {
    /// The rows of a batch: a struct whose fields are its columns.
    fn of_batch(batch: &Arc<Batch>) -> Self {
        let columns = batch.columns.iter().map(|column| Self::of_column(batch, column));
        Self::new(batch, 0, vec![ptr::null()], columns.collect())
    }

    fn of_column(batch: &Arc<Batch>, column: &Column) -> Self {
        let start = |bytes: &[u8]| bytes.as_ptr().cast::<c_void>();
        // Without nulls there need be no bits.
        let validity = if column.nulls == 0 { ptr::null() } else { start(&column.validity) };
        let buffers = match &column.values {
            Values::Text { offsets, bytes } => vec![validity, offsets.as_ptr().cast(), start(bytes)],
            Values::Instants(all) | Values::Integers(all) => vec![validity, all.as_ptr().cast()],
            Values::Booleans(bits) => vec![validity, start(bits)],
        };
        Self::new(batch, column.nulls, buffers, Vec::new())
    }

    /// Pointers in `buffers` are into `batch`, which is kept until this is released, and which nobody can change.
    fn new(batch: &Arc<Batch>, nulls: usize, buffers: Vec<*const c_void>, children: Vec<Self>) -> Self {
        let children = children.into_iter().map(|child| Box::into_raw(Box::new(child))).collect();
        let mut parts = Box::new(ArrayParts { buffers, children, _batch: Arc::clone(batch) });
        Self {
            length: batch.rows as i64,
            null_count: nulls as i64,
            offset: 0,
            n_buffers: parts.buffers.len() as i64,
            n_children: parts.children.len() as i64,
            buffers: parts.buffers.as_mut_ptr(),
            children: parts.children.as_mut_ptr(),
            dictionary: ptr::null_mut(),
            release: Some(release_array),
            private_data: Box::into_raw(parts).cast(),
        }
    }
}

impl Drop for ArrowArray {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // Safety: it was made by `new` and not released, else the function were null.
            unsafe { release(self) }
        }
    }
}

/// Safety: `array` was made by [`ArrowArray::new`], perhaps moved since, and was not released.
unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // Safety: as for a schema.
    unsafe {
        let parts: Box<ArrayParts> = Box::from_raw((*array).private_data.cast());
        for child in parts.children.iter() {
            drop(Box::from_raw(*child));
        }
        (*array).release = None;
    }
}

#[repr(C)]
struct ArrowArrayStream {
    get_schema: unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int,
    get_next: unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int,
    get_last_error: unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char,
    release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    private_data: *mut c_void,
}

/// One reading of a table.
struct Stream {
    columns: Columns,
    batches: Vec<Arc<Batch>>,
    next: usize,
}

// Safety: its only pointer is to what it alone owns, and that may be sent.
unsafe impl Send for ArrowArrayStream {}

impl ArrowArrayStream {
    fn new(stream: Stream) -> Self {
        Self {
            get_schema: stream_schema,
            get_next: stream_next,
            get_last_error: stream_error,
            release: Some(release_stream),
            private_data: Box::into_raw(Box::new(stream)).cast(),
        }
    }
}

impl Drop for ArrowArrayStream {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // Safety: it was made by `new` and not released, else the function were null.
            unsafe { release(self) }
        }
    }
}

/// Safety: `stream` was made by [`ArrowArrayStream::new`] and not released; `out` may be written, and holds nothing.
unsafe extern "C" fn stream_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // Safety: as above; `private_data` is the box that `new` leaked, and a consumer calls one function at a time.
    unsafe {
        let stream: &Stream = &*(*stream).private_data.cast();
        out.write(ArrowSchema::of(&stream.columns));
    }
    0
}

/// Safety: as for [`stream_schema`].
unsafe extern "C" fn stream_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // Safety: as there. The end is an array that was released; all zeros are one.
    unsafe {
        let stream: &mut Stream = &mut *(*stream).private_data.cast();
        match stream.batches.get(stream.next) {
            Some(batch) => {
                stream.next += 1;
                out.write(ArrowArray::of_batch(batch));
            }
            None => out.write_bytes(0, 1),
        }
    }
    0
}

/// There is none: nothing here fails.
unsafe extern "C" fn stream_error(_stream: *mut ArrowArrayStream) -> *const c_char {
    ptr::null()
}

/// Safety: `stream` was made by [`ArrowArrayStream::new`], perhaps moved since, and was not released.
unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // Safety: as above; so `private_data` is the box that `new` leaked, which nobody else owns.
    unsafe {
        drop(Box::<Stream>::from_raw((*stream).private_data.cast()));
        (*stream).release = None;
    }
}
