//! To bytes and back, and bytes that are no graph.

use super::*;

fn small(metric: DistanceMetric) -> (GraphParams, Flat, Graph) {
    let mut random = Random::new(31);
    let mut vectors: Vec<_> = (0..60).map(|_| random.vector(64)).collect();
    vectors.extend([vectors[3].clone(), vectors[3].clone(), vec![0.0; 64], vec![0.0; 64]]);
    let rows = Flat::from_rows(&vectors);
    let params = GraphParams { metric, m: 3, m_max: 6, ef_construction: 20, seed: 1 };
    let graph = build(params, &rows);
    (params, rows, graph)
}

fn decode(bytes: &[u8], params: GraphParams) -> Result<Graph, GraphDamage> {
    Graph::decode(bytes, params, 64, Kernels::detect(), 64)
}

#[test]
fn a_graph_goes_to_bytes_and_back_and_grows_on_as_before() {
    let mut random = Random::new(32);
    for metric in [DistanceMetric::Cosine, DistanceMetric::Euclidean, DistanceMetric::DotProduct] {
        let mut vectors = random.clusters(20, 60, 64);
        vectors.extend(vectors[100..200].to_vec());
        vectors.extend(vec![vec![0.0; 64]; 20]);
        random.shuffle(&mut vectors);
        let rows = Flat::from_rows(&vectors);
        let graph = Graph::new(params(metric), 64, Kernels::detect());
        graph.extend(&rows, 700, 1, &mut go_on).unwrap();
        let bytes = graph.encode();
        let back = Graph::decode(&bytes, params(metric), 64, Kernels::detect(), rows.count()).unwrap();
        assert_eq!(back.encode(), bytes);
        assert_eq!(back.check().unwrap(), graph.check().unwrap());
        for graph in [&graph, &back] {
            graph.extend(&rows, rows.count(), 2, &mut go_on).unwrap();
        }
        assert_eq!(graph.encode(), back.encode(), "{metric:?}: a graph that was read grows the same way");
    }
    let empty = Graph::new(params(DistanceMetric::Cosine), 64, Kernels::detect());
    assert_eq!(decode(&empty.encode(), empty.params()).unwrap().covered_rows(), 0);
}

#[test]
fn other_parameters_and_too_many_rows_are_refused() {
    let (params, _, graph) = small(DistanceMetric::Euclidean);
    let bytes = graph.encode();
    assert_eq!(decode(&bytes, params).err(), None);
    let others = [
        GraphParams { metric: DistanceMetric::Cosine, ..params },
        GraphParams { m: 4, ..params },
        GraphParams { m_max: 7, ..params },
        GraphParams { seed: 1 << 40, ..params },
    ];
    assert!(others.iter().all(|&params| decode(&bytes, params).is_err()));
    assert!(Graph::decode(&bytes, params, 64, Kernels::detect(), 63).is_err());
}

#[test]
fn a_shortened_or_longer_graph_is_refused() {
    for metric in [DistanceMetric::Cosine, DistanceMetric::DotProduct] {
        let (params, _, graph) = small(metric);
        let mut bytes = graph.encode();
        for end in 0..bytes.len() {
            let damage = decode(&bytes[..end], params).err().unwrap();
            assert!(damage.to_string().contains("damaged at byte"));
        }
        bytes.extend([0; 4]);
        assert!(decode(&bytes, params).is_err());
    }
}

#[test]
fn any_flipped_byte_is_an_error_or_a_graph_that_searches_and_grows() {
    for metric in [DistanceMetric::Cosine, DistanceMetric::DotProduct] {
        let (params, rows, graph) = small(metric);
        let bytes = graph.encode();
        // Codes and fingerprints may be any bits, and the store's checksum is over all of them.
        let nodes = (0..graph.covered_rows()).filter(|&row| graph.nodes.is_node(row)).count();
        let records = nodes * graph.nodes.record_bytes();
        let mut accepted = 0;
        let before = bytes.len() - records;
        let words = before - 4 * graph.covered_rows() as usize;
        // A record's bytes are of few kinds: a step that fits no line meets all of them.
        for at in (0..before).chain((before..bytes.len()).step_by(13)) {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                let Ok(graph) = decode(&damaged, params) else { continue };
                accepted += usize::from(at < words);
                assert_eq!(graph.encode(), damaged, "what is accepted is kept as it is");
                let mut searcher = Searcher::new(&graph, &rows);
                searcher.search(rows.row(5), 10, 30, &|_| true);
                searcher.search(rows.row(3), 64, 64, &|row| row % 3 == 0);
                graph.check().unwrap();
                if at % 16 == 0 && graph.covered_rows() <= rows.count() {
                    graph.extend(&rows, rows.count(), 1, &mut go_on).unwrap();
                }
            }
        }
        println!("{accepted} of {} accepted before the records", 3 * words);
        assert!(accepted < words / 2);
    }
}
