package syna_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	syna "syna-mmap/bindings/go"
)

// The operations of ../conformance/cases.txt that go beyond insert and search.

// compareHits compares the results from first up to end with the lines that follow.
func (r *replay) compareHits(searched *syna.Store, first, end int) {
	i := first
	for ; r.isNext("hit"); i++ {
		r.require(i < end, "no hit")
		r.require(r.results.Key(i) == r.bytesOf(r.words[1]), "key %q", r.results.Key(i))
		r.require(r.isDistance(r.words[2], r.results.Distance(i)), "distance %v", r.results.Distance(i))
		r.require(r.results.Row(i) == r.parsed(r.words[3]), "row %d", r.results.Row(i))
		r.require(r.results.Tags(i) == r.parsed(r.words[4]), "tags %d", r.results.Tags(i))
		r.require(string(r.results.Payload(i)) == r.bytesOf(r.words[5]), "another payload")
		if searched != nil {
			kept := make([]float32, searched.Dimensions())
			r.require(searched.Get(r.results.Key(i), kept) == nil && isSame(kept, r.results.Vector(i)), "another vector")
			r.require(len(r.results.Stored(i)) == searched.VectorBytes(), "another length")
		}
		r.checks++
	}
	r.require(i == first || i == end, "more hits than lines")
}

func (r *replay) searchOptions() []syna.SearchOption {
	var how []syna.SearchOption
	for _, word := range r.words {
		name, text, isOption := strings.Cut(word, "=")
		if !isOption {
			continue
		}
		switch name {
		case "prefix":
			how = append(how, syna.KeyPrefix(r.bytesOf(text)))
		case "ends":
			ending := r.bytesOf(text)
			how = append(how, syna.Where(func(row syna.Row) bool { return strings.HasSuffix(row.Key, ending) }))
		case "max_distance":
			distance, err := strconv.ParseFloat(text, 32)
			r.require(err == nil, "a distance")
			how = append(how, syna.MaxDistance(float32(distance)))
		case "after":
			bits, row, _ := strings.Cut(text, ",")
			distance, err := strconv.ParseUint(bits, 16, 32)
			r.require(err == nil, "the bits of a distance")
			how = append(how, syna.After(math.Float32frombits(uint32(distance)), r.parsed(row)))
		case "rows":
			how = append(how, syna.InRows(r.bitmapOf(text)))
		default:
			how = append(how, r.numberOption(name, r.parsed(text)))
		}
	}
	return how
}

func (r *replay) numberOption(name string, value uint64) syna.SearchOption {
	switch name {
	case "ef":
		return syna.Ef(uint32(value))
	case "exact":
		return syna.Exact()
	case "approximate":
		return syna.Approximate()
	case "max_visits":
		return syna.MaxVisits(value)
	case "tags_any":
		return syna.TagsAny(value)
	case "tags_all":
		return syna.TagsAll(value)
	case "tags_none":
		return syna.TagsNone(value)
	case "deadline_us":
		if value > math.MaxInt64/1000 {
			value = math.MaxInt64 / 1000
		}
		return syna.Within(time.Duration(value) * time.Microsecond)
	}
	r.require(false, "an unknown option")
	return nil
}

func (r *replay) bitmapOf(numbers string) []uint64 {
	var bitmap []uint64
	for _, number := range strings.FieldsFunc(numbers, func(c rune) bool { return c == ',' }) {
		row := r.parsed(number)
		for uint64(len(bitmap)) <= row/64 {
			bitmap = append(bitmap, 0)
		}
		bitmap[row/64] |= 1 << (row % 64)
	}
	return bitmap
}

func (r *replay) saidSearch(err error) {
	store, answer := r.store(), []any{r.results.Len()}
	if r.results.IsPartial() {
		answer = append(answer, "partial")
	}
	if r.saidStatus(err, answer...) {
		r.compareHits(store, 0, r.results.Len())
	}
}

func (r *replay) searchBatch() {
	var queries []float32
	count := 0
	for _, word := range r.words[3:] {
		if !strings.Contains(word, "=") {
			queries = append(queries, r.vectorOf(word)...)
			count++
		}
	}
	each, err := r.store().SearchBatch(context.Background(), queries, count, int(r.parsed(r.words[2])), r.results,
		r.searchOptions()...)
	r.each = each
	r.saidSearch(err)
}

func (r *replay) query() {
	number := int(r.parsed(r.words[1]))
	first, end := r.results.Query(number)
	if r.saidStatus(r.each[number], end-first) {
		r.compareHits(nil, first, end)
	} else {
		r.require(first == end, "hits of a query that was refused")
	}
}

func (r *replay) iterate() {
	store := r.store()
	cursor, err := store.Rows(r.parsed(r.words[2]))
	var rows []syna.Row
	if err == nil {
		defer cursor.Close()
		for cursor.Next() {
			rows = append(rows, cursor.Row())
		}
		err = cursor.Err()
	}
	r.saidStatus(err, len(rows))
	i := 0
	for ; r.isNext("entry"); i++ {
		r.require(i < len(rows), "no entry")
		r.require(rows[i].Key == r.bytesOf(r.words[1]), "key %q", rows[i].Key)
		r.require(isSame(rows[i].Vector, r.vectorOf(r.words[2])), "another vector")
		r.require(len(rows[i].Stored) == store.VectorBytes(), "another length")
		if store.Element() != syna.Float32 {
			kept := make([]float32, store.Dimensions())
			r.require(store.Get(rows[i].Key, kept) == nil && isSame(rows[i].Vector, kept), "another vector by key")
		}
		r.require(rows[i].Tags == r.parsed(r.words[3]), "tags %d", rows[i].Tags)
		r.require(string(rows[i].Payload) == r.bytesOf(r.words[4]), "another payload")
		r.require(rows[i].Number == r.parsed(r.words[5]), "row %d", rows[i].Number)
		r.checks++
	}
	r.require(i == 0 || i == len(rows), "more rows than lines")
}

func (r *replay) stats() {
	stats, err := r.store().Stats()
	numbers := map[string]uint64{
		"rows": stats.Rows, "live_rows": stats.LiveRows, "deleted_rows": stats.DeletedRows,
		"indexed_rows": stats.IndexedRows, "last_seq": stats.LastSeq,
	}
	var answer []any
	for _, name := range r.words[2:] {
		answer = append(answer, numbers[name])
	}
	r.saidStatus(err, answer...)
}

// ask does the operations that ask a store; false: it is none of them.
func (r *replay) ask() bool {
	ctx := context.Background()
	switch r.words[0] {
	case "search":
		query, k := r.vectorOf(r.words[2]), int(r.parsed(r.words[3]))
		r.saidSearch(r.store().Search(ctx, query, k, r.results, r.searchOptions()...))
	case "search_key":
		r.saidSearch(r.store().SearchKey(ctx, r.key(), int(r.parsed(r.words[3])), r.results, r.searchOptions()...))
	case "search_range":
		most, err := strconv.ParseFloat(r.words[3], 32)
		r.require(err == nil, "no distance")
		query := r.vectorOf(r.words[2])
		r.saidSearch(r.store().SearchRange(ctx, query, float32(most), r.results, r.searchOptions()...))
	case "search_batch":
		r.searchBatch()
	case "query":
		r.query()
	case "iterate":
		r.iterate()
	case "stats":
		r.stats()
	case "recall":
		recall, err := r.store().CheckRecall(int(r.parsed(r.words[2])), int(r.parsed(r.words[3])), 0, 1)
		r.saidStatus(err, fmt.Sprintf("%.3f", recall))
	default:
		return false
	}
	return true
}

// keepInOrder does the operations that keep a store in order, or open one elsewhere.
func (r *replay) keepInOrder() bool {
	stop := func(done, total uint64) bool { return false }
	switch r.words[0] {
	case "index_step":
		left, err := r.store().IndexStep(time.Duration(r.parsed(r.words[2])) * time.Microsecond)
		r.saidStatus(err, left)
	case "build_stop":
		r.saidStatus(r.store().BuildIndexWith(stop))
	case "compact":
		r.saidStatus(r.store().Compact(nil))
	case "compact_stop":
		r.saidStatus(r.store().Compact(stop))
	case "compact_steps":
		isDone, err := r.store().CompactStep(0)
		for err == nil && !isDone {
			isDone, err = r.store().CompactStep(0)
		}
		r.saidStatus(err)
	case "interrupt":
		r.saidStatus(r.store().Interrupt())
	case "compact_cancel":
		r.saidStatus(r.store().CompactCancel())
	case "refresh":
		changed, err := r.store().Refresh()
		r.saidStatus(err, yesNo(changed))
	case "snapshot":
		r.saidStatus(r.store().SnapshotTo(filepath.Join(r.folder, r.words[2]), nil))
	case "open_in_memory":
		r.keep(syna.InMemory(r.options(r.words[2:])...))
	case "open_at":
		file, err := os.Open(filepath.Join(r.folder, r.words[2]))
		r.require(err == nil, "no file")
		defer file.Close()
		packed, err := os.Stat(filepath.Join(r.folder, r.words[4]))
		r.require(err == nil, "no file")
		r.keep(syna.OpenAt(file, r.parsed(r.words[3]), uint64(packed.Size()), 0, 0))
	case "pack":
		content, err := os.ReadFile(filepath.Join(r.folder, r.words[2]))
		r.require(err == nil, "not read")
		content = append(make([]byte, r.parsed(r.words[3])), content...)
		r.require(os.WriteFile(filepath.Join(r.folder, r.words[1]), content, 0o600) == nil, "not written")
	default:
		return false
	}
	return true
}
