//! The graph: everything that readers see.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `links.rs` | `Links`: the links of a node, selected ones and fillers |
//! | `record_layout.rs` | `Record`: the layout of a record |
//! | `nodes.rs` | `Nodes`: the records of all rows, and the chains of duplicates |
//! | `distance.rs` | `QueryDistance`: distances from a query to nodes and their neighbours, by codes |
//! | `entry_points.rs` | `EntryPoints`: the sample of nodes that searches start from |
//! | `fingerprints.rs` | `Fingerprints`: rows by the bits of their vectors |
//! | `sampled_recall.rs` | `SampledRecall`: the last measurement of the recall |
//! | `graph.rs` | `Graph`: all of these, the orphans, and the number of covered rows |

pub(super) mod distance;
pub(super) mod entry_points;
pub(super) mod fingerprints;
#[expect(clippy::module_inception, reason = "the file that holds the graph is named for it")]
pub(super) mod graph;
pub(super) mod links;
pub(super) mod nodes;
pub(super) mod record_layout;
pub(super) mod sampled_recall;
