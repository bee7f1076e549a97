package syna

/*
#include "calls.h"
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// Row is a stored row. Stored and Payload are read-only memory of the mapped file: good until the cursor is closed or
// collected, or, in a condition, until it returns. Vector is too in a store of Float32; elsewhere it is decoded, into
// memory of its own, which a condition must not keep either.
type Row struct {
	Key    string
	Vector []float32
	// Stored is the vector as it is stored, little-endian: see Rows.StoredVectors.
	Stored  []byte
	Payload []byte
	Tags    uint64
	// Number counts up as rows come; a compaction gives new numbers.
	Number uint64
	// Values are those of the store's columns, in order: a copy, except in a condition, where they are good until it returns.
	Values []Value

	of shape
}

// Value is the value in a column; it panics where the store has no such column.
func (r Row) Value(column string) Value {
	return r.of.valueIn(r.Values, column)
}

// rowOf takes a syna_mmap_row, whose type differs from file to file. Its values are the library's. A decoded vector is
// put into room if that is not nil.
func rowOf(raw unsafe.Pointer, of shape, room []float32) Row {
	from := (*C.syna_mmap_row)(raw)
	row := Row{
		Key:    C.GoStringN(from.key, C.int(from.key_len)),
		Stored: unsafe.Slice((*byte)(from.stored), int(from.stored_bytes)),
		Tags:   uint64(from.tags),
		Number: uint64(from.row),
		of:     of,
	}
	if from.values != nil {
		row.Values = unsafe.Slice((*Value)(unsafe.Pointer(from.values)), len(of.columns))
	}
	if from.vector != nil {
		row.Vector = unsafe.Slice((*float32)(unsafe.Pointer(from.vector)), of.dimensions)
	} else {
		if room == nil {
			room = make([]float32, of.dimensions)
		}
		of.decode(row.Stored, room)
		row.Vector = room
	}
	if from.payload != nil {
		row.Payload = unsafe.Slice((*byte)(unsafe.Pointer(from.payload)), int(from.payload_len))
	}
	return row
}

// Cursor walks over the rows that were live when it was made, in the order of insertion; for one goroutine at a time.
//
//	for cursor.Next() {
//		use(cursor.Row())
//	}
//	err := cursor.Err()
type Cursor struct {
	handle      C.uintptr_t
	of          shape
	rows        [64]C.syna_mmap_row
	count, next int
	err         error
}

// Rows begins a walk at that row; 0: at the first. Close the cursor; one that is forgotten is freed some time after.
func (s *Store) Rows(first uint64) (*Cursor, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	c := &Cursor{of: s.shape}
	if err := check(C.go_cursor_new(s.handle, C.uint64_t(first), &c.handle, why), why); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(c, (*Cursor).Close)
	return c, nil
}

// Next moves on to the next row; false at the end, and after an error.
func (c *Cursor) Next() bool {
	defer runtime.KeepAlive(c)
	if c.next++; c.next < c.count {
		return true
	}
	c.next, c.count = 0, 0
	why := newErrorStruct()
	var count C.size_t
	c.err = check(C.go_cursor_next(c.handle, &c.rows[0], C.size_t(len(c.rows)), &count, why), why)
	if c.err == nil {
		c.count = int(count)
	}
	return c.count > 0
}

// Row is the row that Next has come to.
func (c *Cursor) Row() Row {
	defer runtime.KeepAlive(c)
	row := rowOf(unsafe.Pointer(&c.rows[:c.count][c.next]), c.of, nil)
	// The library's are good until the next rows are fetched.
	row.Values = append([]Value(nil), row.Values...)
	return row
}

// Err is why Next ended, if it was no end.
func (c *Cursor) Err() error {
	return c.err
}

// Close frees the cursor and ends the views of its rows. Closing twice is fine.
func (c *Cursor) Close() {
	runtime.SetFinalizer(c, nil)
	c.count, c.next = 0, 0
	C.go_cursor_free(c.handle)
}
