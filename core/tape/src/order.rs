//! What comes after what: documents of one server keep their order.

use crate::scan::Seam;
use crate::{Field, Shape};

/// Unknown keys of one shape that are remembered.
const UNKNOWN: usize = 16;

/// What stood behind each field of each shape the last time, as places of the text: it says nothing of another text.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// By the shapes' ids.
    shapes: Vec<Option<Known>>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    shape: &'static Shape,
    /// Its first step.
    first: u32,
    /// Unknown keys that were seen.
    unknown: u32,
}

/// The key that came behind a value, with all that stands around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    seam: Seam,
    /// `None`: it is not known.
    pub(crate) field: Option<&'static Field>,
    /// Its own place among the steps: what came behind its value.
    pub(crate) next: u32,
}

impl Order {
    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.shapes.clear();
        self.steps.clear();
    }

    /// The place of what comes first in a record.
    #[inline]
    pub(crate) fn first(&mut self, shape: &'static Shape) -> u32 {
        match self.shapes.get(usize::from(shape.id)) {
            Some(Some(known)) if std::ptr::eq(known.shape, shape) => known.first,
            _ => self.meet(shape),
        }
    }

    #[cold]
    fn meet(&mut self, shape: &'static Shape) -> u32 {
        let id = usize::from(shape.id);
        if self.shapes.len() <= id {
            self.shapes.resize(id + 1, None);
        }
        let first = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        // One for what comes first, one for each field, then those of unknown keys.
        let steps = 1 + shape.fields.len() + UNKNOWN;
        self.steps.resize(self.steps.len() + steps, Step { seam: Seam::default(), field: None, next: first });
        self.shapes[id] = Some(Known { shape, first, unknown: 0 });
        first
    }

    /// What came at `place` the last time, if it stands at `at` again; and where the text goes on behind it.
    #[inline]
    pub(crate) fn expected(&self, place: u32, text: &[u8], at: u32) -> Option<(&Step, u32)> {
        let step = self.steps.get(place as usize)?;
        Some((step, step.seam.behind(text, at)?))
    }

    /// Remembers that at `place` came `seam`, the key of a field of `shape`; gives the place of what comes behind it.
    #[cold]
    pub(crate) fn learn(&mut self, shape: &'static Shape, place: u32, seam: Seam, field: Option<usize>) -> u32 {
        let first = self.first(shape);
        let within = match (field, self.shapes.get_mut(usize::from(shape.id))) {
            (Some(field), _) => 1 + field,
            (None, Some(Some(known))) => {
                known.unknown += 1;
                1 + shape.fields.len() + known.unknown as usize % UNKNOWN
            }
            (None, _) => 0,
        };
        let next = first + u32::try_from(within).unwrap_or_default();
        if let Some(step) = self.steps.get_mut(place as usize) {
            *step = Step { seam, field: field.and_then(|field| shape.fields.get(field)), next };
        }
        next
    }
}
