package syna

/*
#include "calls.h"
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// Insert stores a vector, unless the key is there already; whether it was new.
func (s *Store) Insert(key string, vector []float32) (bool, error) {
	defer runtime.KeepAlive(s)
	if err := wrongLength(len(vector), 1, s.dimensions); err != nil {
		return false, err
	}
	why := newErrorStruct()
	var inserted C.bool
	err := check(C.go_insert(s.handle, key, floats(vector), &inserted, why), why)
	return bool(inserted), err
}

// Upsert stores a vector in the place of the one that is there, if any.
func (s *Store) Upsert(key string, vector []float32) error {
	defer runtime.KeepAlive(s)
	if err := wrongLength(len(vector), 1, s.dimensions); err != nil {
		return err
	}
	why := newErrorStruct()
	return check(C.go_upsert(s.handle, key, floats(vector), why), why)
}

// Delete deletes a key; whether it was there.
func (s *Store) Delete(key string) (bool, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var deleted C.bool
	err := check(C.go_delete(s.handle, key, &deleted, why), why)
	return bool(deleted), err
}

// Rows are what a batch writes. Keys and payloads are copied together; vectors and tags are taken from where they lie.
type Rows struct {
	Keys []string
	// Vectors has len(Keys) x Dimensions floats, one vector after the other.
	Vectors []float32
	// Tags has a number for each key, or is nil: 0 for all.
	Tags []uint64
	// Payloads has some bytes for each key, or is nil: none.
	Payloads [][]byte
}

// InsertBatch stores all rows or none; keys that are there are left as they are. It returns how many were new.
func (s *Store) InsertBatch(rows Rows) (int, error) {
	return s.write(rows, C.SYNA_MMAP_WRITE_INSERT)
}

// UpsertBatch stores all rows or none, in the place of those that are there. It returns how many keys there were.
func (s *Store) UpsertBatch(rows Rows) (int, error) {
	return s.write(rows, C.SYNA_MMAP_WRITE_UPSERT)
}

func (s *Store) write(rows Rows, mode C.uint32_t) (int, error) {
	defer runtime.KeepAlive(s)
	count := len(rows.Keys)
	if err := wrongLength(len(rows.Vectors), count, s.dimensions); err != nil {
		return 0, err
	}
	if (rows.Tags != nil && len(rows.Tags) != count) || (rows.Payloads != nil && len(rows.Payloads) != count) {
		return 0, &Error{Status: ErrInvalidArgument, Message: "pass as many tags and payloads as keys, or nil"}
	}
	keys, keyOffsets := joined(count, func(i int) string { return rows.Keys[i] })
	var payloads []byte
	var payloadOffsets []uint64
	if rows.Payloads != nil {
		payloads, payloadOffsets = joined(count, func(i int) string { return string(rows.Payloads[i]) })
	}
	why := newErrorStruct()
	var written C.size_t
	status := C.go_write(s.handle, (*C.char)(unsafe.Pointer(bytesOf(keys))), numbers(keyOffsets), floats(rows.Vectors),
		C.size_t(count), numbers(rows.Tags), bytesOf(payloads), numbers(payloadOffsets), mode, &written, why)
	err := check(status, why)
	return int(written), err
}

// joined puts texts one after another, and tells where each begins.
func joined(count int, text func(int) string) ([]byte, []uint64) {
	length := 0
	for i := 0; i < count; i++ {
		length += len(text(i))
	}
	all, offsets := make([]byte, 0, length), make([]uint64, 1, count+1)
	for i := 0; i < count; i++ {
		all = append(all, text(i)...)
		offsets = append(offsets, uint64(len(all)))
	}
	return all, offsets
}
