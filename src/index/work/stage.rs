//! The stages of the insertion of a batch, in order.
//!
//! | stage | items | what happens |
//! | --- | --- | --- |
//! | Encode | rows | each row gets a record with its code; deleted rows get none and are skipped from here on |
//! | Search | rows | candidates from the graph before the batch and from the batch itself; an equal earlier row |
//! | ResolveDuplicates | one | in row order: a row that equals an earlier one becomes its duplicate and is not a node |
//! | SelectLinks | nodes | forward links |
//! | GroupBackLinks | one | back-links are grouped by the node that gets them |
//! | MergeBackLinks | lists | back-links are added (`link/back_links.rs`) |
//! | CountInLinks | lists | the number of links to each row is updated |
//! | RaiseInLinks | nodes | nodes with few links to them get more |
//! | Verify | nodes, and rows that lost links | rows that a search does not find are repaired (`link/repair.rs`) |
//! | Publish | one | duplicates are appended to their chains, readers see the batch |

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

/// The unit of [`Stage::share`]: the shares of all stages add up to this.
pub(crate) const SHARES: i64 = 64;

/// Number of stages.
pub(crate) const STAGES: usize = Stage::Publish as usize + 1;

impl Stage {
    /// The share of a row's work in this stage, in [`SHARES`], measured as share of the time of a build. Deleted rows,
    /// skipped in the first stage, cost less.
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
