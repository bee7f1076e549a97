//! `Bounds`: the part of the order of hits from which a search takes its hits.

use crate::index::neighbour::Neighbour;

/// Rows outside the bounds are not hits. The default has no bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Hits come after this row, by distance, then by row.
    pub(crate) after: Option<Neighbour>,
    /// Hits are at most at this distance. Infinity: no limit, even for distances that are NaN, which vectors of a damaged
    /// file can have.
    pub(crate) max_distance: f32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { after: None, max_distance: f32::INFINITY }
    }
}

impl Bounds {
    /// Whether a row is within the bounds.
    #[inline]
    pub(crate) fn contains(&self, neighbour: Neighbour) -> bool {
        self.is_near(neighbour) && self.after.is_none_or(|after| neighbour > after)
    }

    #[inline]
    fn is_near(&self, neighbour: Neighbour) -> bool {
        neighbour.distance <= self.max_distance || self.max_distance == f32::INFINITY
    }

    /// How many of these rows, in ascending order, are not farther than the maximum distance: the first ones.
    #[inline]
    pub(crate) fn count_near(&self, rows: &[Neighbour]) -> usize {
        match rows.last() {
            Some(&last) if !self.is_near(last) => rows.partition_point(|&row| self.is_near(row)),
            _ => rows.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_compare_the_distance_first_and_then_the_row() {
        let at = |distance, row| Neighbour { distance, row };
        let bounds = Bounds { after: Some(at(1.0, 7)), max_distance: 2.0 };
        assert!(bounds.contains(at(1.0, 8)) && bounds.contains(at(1.5, 0)) && bounds.contains(at(2.0, 9)));
        assert!(!bounds.contains(at(1.0, 7)) && !bounds.contains(at(1.0, 6)) && !bounds.contains(at(0.5, 9)));
        assert!(!bounds.contains(at(2.5, 9)));
        assert!(Bounds::default().contains(at(f32::INFINITY, 0)));
        let rows = [at(0.5, 1), at(2.0, 0), at(2.0, 3), at(2.1, 2)];
        assert_eq!([4, 3, 1, 0].map(|end| bounds.count_near(&rows[..end])), [3, 3, 1, 0]);
    }

    #[test]
    fn without_a_maximum_no_row_is_hidden_even_at_a_distance_that_is_nan() {
        let at = |distance, row| Neighbour { distance, row };
        let rows = [at(0.5, 1), at(3.0, 0), at(f32::NAN, 2)];
        let bounds = Bounds { after: None, max_distance: 2.0 };
        assert_eq!(rows.map(|row| Bounds::default().contains(row)), [true; 3]);
        assert_eq!(rows.map(|row| bounds.contains(row)), [true, false, false]);
        assert_eq!((Bounds::default().count_near(&rows), bounds.count_near(&rows)), (3, 1));
    }
}
