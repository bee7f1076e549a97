//! The stages of a batch on its way into the graph, in order.
//!
//! | stage | items | what becomes of them |
//! | --- | --- | --- |
//! | code | rows | each gets a record with its code; those that were deleted get none and are passed over from here on |
//! | find | rows | candidates from the frozen graph and from its own batch; the row that it equals |
//! | resolve | one piece | in row order: a row that equals an earlier one hangs from it, and is no node |
//! | choose | nodes | forward links |
//! | answer | one piece | who is linked to, with those who link there |
//! | merge | lists | back-links (`link/back_links.rs`) |
//! | count | lists | how many links lead to each row now |
//! | lift | nodes | rows that few links lead to get more |
//! | check | nodes, and rows that lost links | each is found, or mended (`link/repair.rs`) |
//! | enter | one piece | twins are hung, readers see the batch |

/// See the module's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Stage {
    #[default]
    Code,
    Find,
    Resolve,
    Choose,
    Answer,
    Merge,
    Count,
    Lift,
    Check,
    Enter,
}

/// What the stages share of a row's work is told in.
pub(crate) const SHARES: i64 = 64;

/// How many stages there are.
pub(crate) const STAGES: usize = Stage::Enter as usize + 1;

impl Stage {
    /// How much of a row's work is done in this stage, in [`SHARES`]: about the time that it takes of a build's. The first
    /// stage passes over rows that are gone, which is less.
    pub(crate) fn share(self) -> i64 {
        match self {
            Self::Code | Self::Resolve | Self::Answer | Self::Count | Self::Enter => 1,
            Self::Lift => 3,
            Self::Merge => 7,
            Self::Check => 10,
            Self::Choose => 12,
            Self::Find => 27,
        }
    }

    /// The stage after this one; `None` after the last.
    pub(crate) fn next(self) -> Option<Self> {
        Some(match self {
            Self::Code => Self::Find,
            Self::Find => Self::Resolve,
            Self::Resolve => Self::Choose,
            Self::Choose => Self::Answer,
            Self::Answer => Self::Merge,
            Self::Merge => Self::Count,
            Self::Count => Self::Lift,
            Self::Lift => Self::Check,
            Self::Check => Self::Enter,
            Self::Enter => return None,
        })
    }
}
