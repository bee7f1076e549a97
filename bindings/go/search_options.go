package syna

/*
#include "calls.h"
*/
import "C"

import (
	"runtime/cgo"
	"sync"
	"time"
	"unsafe"
)

// SearchOption is how one search is done, and which rows it may find: those that meet every condition.
type SearchOption func(*searchOptions)

type searchOptions struct {
	raw       C.go_how
	prefix    string
	rows      []uint64
	condition *condition
}

// Ef: how many candidates to consider, up to twice as many on some data; more is slower and finds more.
func Ef(count uint32) SearchOption {
	return func(o *searchOptions) { o.raw.ef = C.uint32_t(count) }
}

// Exact compares the query with every vector.
func Exact() SearchOption {
	return func(o *searchOptions) { o.raw.exact = 1 }
}

// Approximate takes what the index finds within a distance, which may lack rows.
func Approximate() SearchOption {
	return func(o *searchOptions) { o.raw.approximate = 1 }
}

// Within ends the search after a time with the best so far; a context's deadline does too, whichever comes first.
func Within(limit time.Duration) SearchOption {
	return func(o *searchOptions) { o.endAfter(limit) }
}

// MaxVisits ends the search for a query after so many rows, with the best so far.
func MaxVisits(count uint64) SearchOption {
	return func(o *searchOptions) { o.raw.max_visits = C.uint64_t(count) }
}

// MaxDistance leaves out farther rows.
func MaxDistance(distance float32) SearchOption {
	return func(o *searchOptions) { o.raw.max_distance, o.raw.has_max_distance = C.float(distance), true }
}

// After finds the next page: what follows the hit with that distance and row, the last one of the page before.
func After(distance float32, row uint64) SearchOption {
	return func(o *searchOptions) {
		o.raw.after_distance, o.raw.after_row, o.raw.has_after = C.float(distance), C.uint64_t(row), true
	}
}

// TagsAny: the row has at least one of these tags.
func TagsAny(tags uint64) SearchOption {
	return func(o *searchOptions) { o.raw.tags_any = C.uint64_t(tags) }
}

// TagsAll: the row has all of these tags.
func TagsAll(tags uint64) SearchOption {
	return func(o *searchOptions) { o.raw.tags_all = C.uint64_t(tags) }
}

// TagsNone: the row has none of these tags.
func TagsNone(tags uint64) SearchOption {
	return func(o *searchOptions) { o.raw.tags_none = C.uint64_t(tags) }
}

// KeyPrefix: the key begins so.
func KeyPrefix(prefix string) SearchOption {
	return func(o *searchOptions) { o.prefix = prefix }
}

// InRows: the row's bit is set, bit r % 64 of word r / 64 for row r.
func InRows(bitmap []uint64) SearchOption {
	return func(o *searchOptions) { o.rows, o.raw.has_rows = bitmap, true }
}

// Where: test says so, asked last, by the searching thread; in a batch by several at once. What it panics with comes out
// of the search.
func Where(test func(Row) bool) SearchOption {
	return func(o *searchOptions) { o.condition = &condition{test: test} }
}

// armed are the numbers for C, with a handle of the condition that the search's end deletes.
func (o *searchOptions) armed(of shape) *C.go_how {
	if o.condition != nil {
		o.condition.of = of
		o.raw.condition = C.uintptr_t(cgo.NewHandle(o.condition))
	}
	return &o.raw
}

// condition is a test under way.
type condition struct {
	test func(Row) bool
	of   shape
	// Room for decoded vectors.
	rooms    sync.Pool
	mutex    sync.Mutex
	panicked any
}

// ask asks about a syna_mmap_row.
func (c *condition) ask(row unsafe.Pointer) bool {
	if c.of.element == Float32 {
		return c.test(rowOf(row, c.of, nil))
	}
	room, _ := c.rooms.Get().(*[]float32)
	if room == nil {
		made := make([]float32, c.of.dimensions)
		room = &made
	}
	defer c.rooms.Put(room)
	return c.test(rowOf(row, c.of, *room))
}

func (c *condition) keep(panicked any) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.panicked = panicked
}

// endAfter: 0 would mean no deadline, so one that is over already counts as a microsecond.
func (o *searchOptions) endAfter(limit time.Duration) {
	us := C.uint64_t(1)
	if limit >= time.Microsecond {
		us = C.uint64_t(limit / time.Microsecond)
	}
	if o.raw.deadline_us == 0 || us < o.raw.deadline_us {
		o.raw.deadline_us = us
	}
}
