package syna_test

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	syna "syna-mmap/bindings/go"
)

// TestConformance replays ../conformance/cases.txt, whose README.md describes it; SYNA_MMAP_CASES names another file.
func TestConformance(t *testing.T) {
	path := os.Getenv("SYNA_MMAP_CASES")
	if path == "" {
		path = filepath.Join("..", "conformance", "cases.txt")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := &replay{t: t, lines: strings.Split(string(text), "\n"), stores: map[string]*syna.Store{}}
	for r.next() {
		r.operate()
	}
	r.closeAll()
	fmt.Printf("conformance: %d cases, %d checks\n", r.cases, r.checks)
}

type replay struct {
	t                     *testing.T
	lines                 []string
	number, cases, checks int
	words, expected       []string
	folder                string
	stores                map[string]*syna.Store
	results               *syna.Results
	// Of the last batch of searches.
	each []error
}

var metrics = map[string]syna.Metric{
	"cosine": syna.Cosine, "euclidean": syna.Euclidean, "dot_product": syna.DotProduct, "from_file": syna.FromFile,
}

func (r *replay) store() *syna.Store { return r.stores[r.words[1]] }
func (r *replay) key() string        { return r.bytesOf(r.words[2]) }

func (r *replay) closeAll() {
	for name, store := range r.stores {
		store.Close()
		delete(r.stores, name)
	}
}

func (r *replay) begin() {
	r.closeAll()
	r.folder = r.t.TempDir()
	r.results = newResults(r.t)
	r.cases++
}

func (r *replay) open() {
	store, err := syna.Open(filepath.Join(r.folder, r.words[2]), r.options(r.words[3:])...)
	r.keep(store, err)
}

func (r *replay) keep(store *syna.Store, err error) {
	if r.saidStatus(err) {
		r.stores[r.words[1]] = store
	}
}

func (r *replay) options(words []string) []syna.Option {
	chosen := []syna.Option{syna.WithDimensions(64), syna.WithMetric(syna.Euclidean), syna.WithIndexThreshold(0),
		syna.WithCheckpointInterval(0)}
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		if strings.HasSuffix(name, "label") {
			continue
		}
		metric, isNamed := metrics[value]
		if kind, isKind := keyKinds[value]; name == "key_kind" && isKind {
			metric, isNamed = syna.Metric(kind), true
		}
		if element, isElement := elements[value]; name == "element" && isElement {
			metric, isNamed = syna.Metric(element), true
		}
		if !isNamed {
			metric = syna.Metric(r.parsed(value))
		}
		number := uint32(metric)
		switch name {
		case "application_id", "user_version":
		case "key_kind":
			chosen = append(chosen, syna.WithKeyKind(syna.KeyKind(number)))
		case "element":
			chosen = append(chosen, syna.WithElement(syna.Element(number)))
		case "metric":
			chosen = append(chosen, syna.WithMetric(metric))
		case "dimensions":
			chosen = append(chosen, syna.WithDimensions(number))
		case "index_threshold":
			chosen = append(chosen, syna.WithIndexThreshold(uint64(number)))
		case "most_unindexed_rows":
			chosen = append(chosen, syna.WithMostUnindexedRows(uint64(number)))
		case "flags":
			chosen = append(chosen, syna.WithFlags(syna.Flags(number)))
		case "durability":
			chosen = append(chosen, syna.WithDurability(syna.Durability(number)))
		case "threads":
			chosen = append(chosen, syna.WithThreads(number))
		case "hnsw_m":
			chosen = append(chosen, syna.WithGraph(number, 0, 200))
		case "hnsw_ef_search":
			chosen = append(chosen, syna.WithEfSearch(number))
		case "index_profile":
			chosen = append(chosen, syna.WithIndexProfile(syna.IndexProfile(number)))
		case "index_worker":
			chosen = append(chosen, syna.WithIndexWorker(number))
		case "fixed_ef":
			chosen = append(chosen, syna.WithFixedEf(number))
		default:
			r.require(false, "an unknown option")
		}
	}
	return append(chosen, r.labels(words)...)
}

func (r *replay) get() {
	vector := make([]float32, r.store().Dimensions())
	err := r.store().Get(r.key(), vector)
	answer := "another vector"
	if err == nil && isSame(vector, r.vectorOf(r.expected[1])) {
		answer = r.expected[1]
	}
	r.saidStatus(err, answer)
}

func (r *replay) payload() {
	payload, err := r.store().Payload(r.key())
	answer := "another payload"
	if err == nil && string(payload) == r.bytesOf(r.expected[1]) {
		answer = r.expected[1]
	}
	r.saidStatus(err, answer)
}

func (r *replay) verify(isStopped bool) {
	problems := map[syna.Problem]string{
		syna.DamagedVector: "DAMAGED_VECTOR", syna.Hidden: "HIDDEN", syna.Unreachable: "UNREACHABLE",
	}
	var found []syna.Finding
	count, err := r.store().Verify(func(told syna.Progress) bool {
		if told.Finding != nil {
			found = append(found, *told.Finding)
		}
		return !isStopped
	})
	r.saidStatus(err, count)
	i := 0
	for ; r.isNext("finding"); i++ {
		r.require(i < len(found) && found[i].Key == r.bytesOf(r.words[1]) && found[i].Row == r.parsed(r.words[2]) &&
			problems[found[i].Problem] == r.words[3], "findings %v", found)
		r.checks++
	}
	r.require(isStopped || i == len(found), "more findings than lines")
}

func (r *replay) limitFileBytes() {
	var limit syscall.Rlimit
	signal.Ignore(syscall.SIGXFSZ)
	r.require(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit) == nil, "no limit")
	if limit.Cur = r.parsed(r.words[1]); limit.Cur == 0 {
		limit.Cur = limit.Max
	}
	r.require(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit) == nil, "the limit is refused")
}

func (r *replay) replaceInFile() {
	path := filepath.Join(r.folder, r.words[1])
	content, err := os.ReadFile(path)
	old := []byte(r.bytesOf(r.words[2]))
	r.require(err == nil && bytes.Contains(content, old), "not in the file")
	content = bytes.Replace(content, old, []byte(r.bytesOf(r.words[3])), 1)
	r.require(os.WriteFile(path, content, 0o600) == nil, "not written")
}

func (r *replay) operate() {
	switch r.words[0] {
	case "case":
		r.begin()
	case "open":
		r.open()
	case "close":
		r.saidStatus(r.store().Close())
	case "checkpoint":
		r.saidStatus(r.store().Checkpoint())
	case "flush":
		r.saidStatus(r.store().Flush())
	case "build_index":
		r.saidStatus(r.store().BuildIndex())
	case "reserve":
		r.saidStatus(r.store().Reserve(r.parsed(r.words[2])))
	case "insert":
		inserted, err := r.store().Insert(r.key(), r.vectorOf(r.words[3]))
		r.saidStatus(err, yesNo(inserted))
	case "upsert":
		r.saidStatus(r.store().Upsert(r.key(), r.vectorOf(r.words[3])))
	case "delete":
		deleted, err := r.store().Delete(r.key())
		r.saidStatus(err, yesNo(deleted))
	case "get":
		r.get()
	case "tags":
		tags, err := r.store().Tags(r.key())
		r.saidStatus(err, tags)
	case "payload":
		r.payload()
	case "contains":
		r.said(yesNo(r.store().Contains(r.key())))
	case "has_index":
		r.said(yesNo(r.store().HasIndex()))
	case "is_dirty":
		r.said(yesNo(r.store().IsDirty()))
	case "len":
		r.said(r.store().Len())
	case "dimensions":
		r.said(r.store().Dimensions())
	case "last_durable_seq":
		r.said(r.store().LastDurableSeq())
	case "metric":
		r.require(r.store().Metric() == metrics[r.expected[0]], "metric %d", r.store().Metric())
		r.checks++
	case "hits":
		r.said(r.results.Len())
		r.compareHits(nil, 0, r.results.Len())
	case "verify", "verify_stop":
		r.verify(r.words[0] == "verify_stop")
	case "salvage":
		rows, lost, err := syna.Salvage(filepath.Join(r.folder, r.words[1]), filepath.Join(r.folder, r.words[2]))
		r.saidStatus(err, rows, lost)
	case "status":
		number, err := strconv.ParseInt(r.words[1], 10, 32)
		r.require(err == nil, "no number")
		r.said(shortName(syna.Status(number)))
	case "file":
		r.require(os.WriteFile(filepath.Join(r.folder, r.words[1]), []byte(r.key()), 0o600) == nil, "not written")
	case "replace":
		r.replaceInFile()
	case "limit_file_bytes":
		r.limitFileBytes()
	default:
		r.require(r.ask() || r.keepInOrder() || r.write() || r.read() || r.inElements(), "an unknown operation")
	}
}
