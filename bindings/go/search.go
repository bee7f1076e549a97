package syna

/*
#include "calls.h"
*/
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"runtime/cgo"
	"time"
	"unsafe"
)

// Results are what a search found, and the memory that searches work in: make one for each goroutine and use it again
// and again, then a search allocates nothing. They belong to no store and outlive any.
type Results struct {
	handle C.uintptr_t
	found  C.go_found
	why    C.syna_mmap_error
	how    searchOptions
	// Of the store that was searched last.
	of shape
}

// NewResults makes results to search into. Close them; those that are forgotten are freed some time after.
func NewResults() (*Results, error) {
	why := newErrorStruct()
	r := &Results{}
	if err := check(C.go_results_new(&r.handle, why), why); err != nil {
		return nil, err
	}
	r.why.struct_size = C.sizeof_syna_mmap_error
	runtime.SetFinalizer(r, (*Results).Close)
	return r, nil
}

// Close frees the results, and ends what Vector, Stored and Payload gave out. Closing twice is fine.
func (r *Results) Close() {
	runtime.SetFinalizer(r, nil)
	r.found = C.go_found{}
	C.go_results_free(r.handle)
}

// Search finds the k nearest vectors, or all where there are fewer.
//
// The context's deadline ends the search with the best so far, which is no error: IsPartial tells. The library cannot be
// interrupted otherwise, so a context that is cancelled counts before the search begins only.
func (s *Store) Search(ctx context.Context, query []float32, k int, into *Results, how ...SearchOption) error {
	defer runtime.KeepAlive(s)
	o, err := s.begin(ctx, into, k, how)
	if err == nil {
		err = wrongLength(len(query), 1, s.dimensions)
	}
	if err != nil {
		return err
	}
	return into.end(C.go_search(s.handle, floats(query), C.size_t(k), o.armed(s.shape), o.prefix, numbers(o.rows),
		C.size_t(len(o.rows)), into.handle, &into.found, &into.why))
}

// SearchKey finds the k nearest to the vector of a key, which is itself left out: more like this one.
func (s *Store) SearchKey(ctx context.Context, key string, k int, into *Results, how ...SearchOption) error {
	defer runtime.KeepAlive(s)
	o, err := s.begin(ctx, into, k, how)
	if err != nil {
		return err
	}
	return into.end(C.go_search_key(s.handle, key, C.size_t(k), o.armed(s.shape), o.prefix, numbers(o.rows),
		C.size_t(len(o.rows)), into.handle, &into.found, &into.why))
}

// SearchRange finds all within a distance.
func (s *Store) SearchRange(ctx context.Context, query []float32, most float32, into *Results, how ...SearchOption) error {
	defer runtime.KeepAlive(s)
	o, err := s.begin(ctx, into, 0, how)
	if err == nil {
		err = wrongLength(len(query), 1, s.dimensions)
	}
	if err != nil {
		return err
	}
	return into.end(C.go_search_range(s.handle, floats(query), C.float(most), o.armed(s.shape), o.prefix, numbers(o.rows),
		C.size_t(len(o.rows)), into.handle, &into.found, &into.why))
}

// SearchBatch finds the k nearest of each of count queries, which lie one after the other; the store's threads share
// them. It returns an error or nil for each query; Results.Query says where the hits of one are.
func (s *Store) SearchBatch(
	ctx context.Context, queries []float32, count, k int, into *Results, how ...SearchOption,
) ([]error, error) {
	defer runtime.KeepAlive(s)
	o, err := s.begin(ctx, into, k, how)
	if err == nil {
		err = wrongLength(len(queries), count, s.dimensions)
	}
	if err != nil {
		return nil, err
	}
	statuses := make([]C.syna_mmap_status, count+1)
	err = into.end(C.go_search_batch(s.handle, floats(queries), C.size_t(count), C.size_t(k), o.armed(s.shape), o.prefix,
		numbers(o.rows), C.size_t(len(o.rows)), into.handle, &statuses[0], &into.found, &into.why))
	if err != nil {
		return nil, err
	}
	each := make([]error, count)
	for i := range each {
		if statuses[i] != C.SYNA_MMAP_OK {
			each[i] = &Error{Status: Status(statuses[i]), Message: fmt.Sprintf("query %d cannot be searched for", i)}
		}
	}
	return each, nil
}

// begin empties the results and takes up the options.
func (s *Store) begin(ctx context.Context, into *Results, k int, how []SearchOption) (*searchOptions, error) {
	into.found = C.go_found{}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if k < 0 {
		return nil, &Error{Status: ErrInvalidArgument, Message: fmt.Sprintf("k is %d; ask for 0 or more", k)}
	}
	o := &into.how
	*o = searchOptions{}
	for _, option := range how {
		option(o)
	}
	if deadline, ok := ctx.Deadline(); ok {
		o.endAfter(time.Until(deadline))
	}
	into.of = s.shape
	return o, nil
}

// end is what came of a search.
func (r *Results) end(status C.syna_mmap_status) error {
	asked := r.how.condition
	if asked != nil {
		cgo.Handle(r.how.raw.condition).Delete()
	}
	r.how = searchOptions{}
	if asked != nil {
		if asked.panicked != nil {
			panic(asked.panicked)
		}
	}
	if status != C.SYNA_MMAP_OK {
		return errorOf(status, &r.why)
	}
	return nil
}

// Query says where the hits of one query of the last batch are: from first up to end.
func (r *Results) Query(query int) (first, end int) {
	defer runtime.KeepAlive(r)
	var count C.size_t
	hits := C.go_query_hits(r.handle, C.size_t(query), &count)
	if hits == nil || count == 0 {
		return 0, 0
	}
	from := uintptr(unsafe.Pointer(hits)) - uintptr(unsafe.Pointer(r.found.hits))
	first = int(from / C.sizeof_syna_mmap_hit)
	return first, first + int(count)
}

// IsQueryPartial tells whether one query of the last batch came to its deadline or its most visits.
func (r *Results) IsQueryPartial(query int) bool {
	defer runtime.KeepAlive(r)
	return bool(C.go_query_is_partial(r.handle, C.size_t(query)))
}

// Len is how many hits there are.
func (r *Results) Len() int {
	return int(r.found.count)
}

// IsPartial tells whether the search came to its deadline or its most visits.
func (r *Results) IsPartial() bool {
	return bool(r.found.is_partial)
}

// hit panics as a slice does where there is no hit i.
func (r *Results) hit(i int) *C.syna_mmap_hit {
	return &unsafe.Slice((*C.syna_mmap_hit)(r.found.hits), r.Len())[i]
}

// Key is a copy of the key of hit i; hits are sorted by ascending distance.
func (r *Results) Key(i int) string {
	hit := r.hit(i)
	return C.GoStringN(hit.key, C.int(hit.key_len))
}

// Distance is that of hit i to the query.
func (r *Results) Distance(i int) float32 {
	return float32(r.hit(i).distance)
}

// Row is the row's number: rows count up from 0 as they are inserted.
func (r *Results) Row(i int) uint64 {
	return uint64(r.hit(i).row)
}

// Vector is the vector of hit i. In a store of Float32 it is read-only memory of the mapped file, good until the next
// search into r or the end of r: copy it to keep it longer. In other stores it is decoded into a new slice.
func (r *Results) Vector(i int) []float32 {
	defer runtime.KeepAlive(r)
	if found := r.hit(i).vector; found != nil {
		return unsafe.Slice((*float32)(unsafe.Pointer(found)), r.of.dimensions)
	}
	vector := make([]float32, r.of.dimensions)
	if !C.go_results_vector(r.handle, C.size_t(i), floats(vector)) {
		return nil
	}
	return vector
}

// Stored is the vector of hit i as it is stored, little-endian: see Rows.StoredVectors. It is read-only memory of the
// mapped file, good until the next search into r or the end of r.
func (r *Results) Stored(i int) []byte {
	defer runtime.KeepAlive(r)
	r.hit(i)
	var length C.size_t
	return unsafe.Slice((*byte)(C.go_results_stored(r.handle, C.size_t(i), &length)), int(length))
}

// Tags is the number that was written with hit i.
func (r *Results) Tags(i int) uint64 {
	defer runtime.KeepAlive(r)
	r.hit(i)
	return uint64(C.go_results_tags(r.handle, C.size_t(i)))
}

// Value is the value of hit i in a column; it panics where the store has no such column.
func (r *Results) Value(i int, column string) Value {
	defer runtime.KeepAlive(r)
	r.hit(i)
	place, err := r.of.place(column)
	if err != nil {
		panic(err)
	}
	return Value(C.go_results_column(r.handle, C.size_t(i), C.uint32_t(place)))
}

// Payload is what was written with hit i, nil where nothing was; good as long as Vector is.
func (r *Results) Payload(i int) []byte {
	defer runtime.KeepAlive(r)
	r.hit(i)
	var length C.size_t
	data := C.go_results_payload(r.handle, C.size_t(i), &length)
	if data == nil {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(data)), int(length))
}
