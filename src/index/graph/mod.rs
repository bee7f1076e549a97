//! The graph: all that readers see.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `links.rs` | `Links`: the links of a node, selected ones and fillers |
//! | `record_layout.rs` | `Record`: what lies where in a record |
//! | `nodes.rs` | `Nodes`: the records of all rows, and the chains of twins |
//! | `distance.rs` | `QueryDistance`: how far nodes and their neighbours are from a query, by codes |
//! | `entry_points.rs` | `EntryPoints`: the sample of nodes that searches begin at |
//! | `fingerprints.rs` | `Fingerprints`: rows by the bits of their vectors |
//! | `sampled_recall.rs` | `SampledRecall`: the recall that was last measured |
//! | `graph.rs` | `Graph`: these together, orphans, and how many rows are covered |

pub(super) mod distance;
pub(super) mod entry_points;
pub(super) mod fingerprints;
#[expect(clippy::module_inception, reason = "the file that holds the graph is named for it")]
pub(super) mod graph;
pub(super) mod links;
pub(super) mod nodes;
pub(super) mod record_layout;
pub(super) mod sampled_recall;
