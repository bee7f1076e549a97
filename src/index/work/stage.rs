//! The stages of a batch on its way into the graph, in order.
//!
//! | stage | items | what becomes of them |
//! | --- | --- | --- |
//! | Encode | rows | each gets a record with its code; those that were deleted get none and are passed over from here on |
//! | Search | rows | candidates from the frozen graph and from its own batch; the row that it equals |
//! | ResolveDuplicates | one piece | in row order: a row that equals an earlier one hangs from it, and is no node |
//! | SelectLinks | nodes | forward links |
//! | GroupBackLinks | one piece | who is linked to, with those who link there |
//! | MergeBackLinks | lists | back-links (`link/back_links.rs`) |
//! | CountInLinks | lists | how many links lead to each row now |
//! | RaiseInLinks | nodes | rows that few links lead to get more |
//! | Verify | nodes, and rows that lost links | each is found, or mended (`link/repair.rs`) |
//! | Publish | one piece | twins are hung, readers see the batch |

/// See the module's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Stage {
    #[default]
    Encode,
    Search,
    ResolveDuplicates,
    SelectLinks,
    GroupBackLinks,
    MergeBackLinks,
    CountInLinks,
    RaiseInLinks,
    Verify,
    Publish,
}

/// What the stages share of a row's work is told in.
pub(crate) const SHARES: i64 = 64;

/// How many stages there are.
pub(crate) const STAGES: usize = Stage::Publish as usize + 1;

impl Stage {
    /// How much of a row's work is done in this stage, in [`SHARES`]: about the time that it takes of a build's. The first
    /// stage passes over rows that are gone, which is less.
    pub(crate) fn share(self) -> i64 {
        match self {
            Self::Encode
            | Self::ResolveDuplicates
            | Self::GroupBackLinks
            | Self::CountInLinks
            | Self::Publish => 1,
            Self::RaiseInLinks => 3,
            Self::MergeBackLinks => 7,
            Self::Verify => 10,
            Self::SelectLinks => 12,
            Self::Search => 27,
        }
    }

    /// The stage after this one; `None` after the last.
    pub(crate) fn next(self) -> Option<Self> {
        Some(match self {
            Self::Encode => Self::Search,
            Self::Search => Self::ResolveDuplicates,
            Self::ResolveDuplicates => Self::SelectLinks,
            Self::SelectLinks => Self::GroupBackLinks,
            Self::GroupBackLinks => Self::MergeBackLinks,
            Self::MergeBackLinks => Self::CountInLinks,
            Self::CountInLinks => Self::RaiseInLinks,
            Self::RaiseInLinks => Self::Verify,
            Self::Verify => Self::Publish,
            Self::Publish => return None,
        })
    }
}
