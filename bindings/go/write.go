package syna

/*
#include "calls.h"
*/
import "C"

import (
	"fmt"
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
	// StoredVectors are used in the place of Vectors if they are not nil: bytes as a store of the type VectorsElement
	// stores them, one vector after the other, little-endian. Of Float16: the components. Of Int8: the integers, zeros up
	// to a multiple of 4 bytes, and the scale as a float. The type must be that of the store, or Float32 (then aligned to
	// 4 bytes).
	StoredVectors []byte
	// VectorsElement is what StoredVectors are.
	VectorsElement Element
	// Tags has a number for each key, or is nil: 0 for all.
	Tags []uint64
	// Payloads has some bytes for each key, or is nil: none.
	Payloads [][]byte
	// Columns has values for columns of the store; those that are left out are 0.
	Columns Columns
	// Delete has keys to delete before the rows are written; or nil.
	Delete []string
}

// Mode is what a batch does with a key that is there.
type Mode uint32

const (
	// KeepExisting leaves it as it is.
	KeepExisting Mode = C.SYNA_MMAP_WRITE_INSERT
	// ReplaceExisting gives it the new row.
	ReplaceExisting Mode = C.SYNA_MMAP_WRITE_UPSERT
)

// Written is what a batch has done.
type Written struct {
	// Rows is how many keys were new; with ReplaceExisting: how many different keys there were.
	Rows int
	// Deleted is how many of the keys to delete existed.
	Deleted int
}

// InsertBatch stores all rows or none; keys that are there are left as they are. It returns how many were new.
func (s *Store) InsertBatch(rows Rows) (int, error) {
	written, err := s.Write(rows, KeepExisting)
	return written.Rows, err
}

// UpsertBatch stores all rows or none, in the place of those that are there. It returns how many keys there were.
func (s *Store) UpsertBatch(rows Rows) (int, error) {
	written, err := s.Write(rows, ReplaceExisting)
	return written.Rows, err
}

// Write deletes the keys in Delete, then writes the rows: all of it or nothing.
func (s *Store) Write(rows Rows, mode Mode) (Written, error) {
	defer runtime.KeepAlive(s)
	count := len(rows.Keys)
	vectors, err := rows.vectors(s.shape)
	if err != nil {
		return Written{}, err
	}
	if err := wrongCounts(count, rows.Tags, rows.Payloads); err != nil {
		return Written{}, err
	}
	columns, err := rows.Columns.joined(s.shape, count)
	if err != nil {
		return Written{}, err
	}
	keys, keyOffsets := joinedTexts(rows.Keys)
	deletions, deletionOffsets := joinedTexts(rows.Delete)
	payloads, payloadOffsets := joinedPayloads(rows.Payloads)
	why := newErrorStruct()
	var written, deleted C.size_t
	status := C.go_write(s.handle, (*C.char)(unsafe.Pointer(bytesOf(keys))), numbers(keyOffsets), vectors,
		C.uint32_t(rows.VectorsElement), C.size_t(count), numbers(rows.Tags), bytesOf(payloads), numbers(payloadOffsets),
		C.uint32_t(mode), (*C.char)(unsafe.Pointer(bytesOf(deletions))), numbers(deletionOffsets),
		C.size_t(len(rows.Delete)), uint32s(columns.places), uint32s(columns.kinds), numbers(columns.values),
		C.size_t(len(columns.places)), &deleted, &written, why)
	err = check(status, why)
	return Written{int(written), int(deleted)}, err
}

// vectors is where the vectors of a batch begin, of which none is shorter than the library reads it.
func (rows *Rows) vectors(of shape) (*C.uint8_t, error) {
	count, stored, element := len(rows.Keys), rows.StoredVectors, rows.VectorsElement
	if stored == nil && element == Float32 {
		return (*C.uint8_t)(unsafe.Pointer(floats(rows.Vectors))), wrongLength(len(rows.Vectors), count, of.dimensions)
	}
	if len(rows.Vectors) > 0 {
		return nil, &Error{Status: ErrInvalidArgument,
			Message: "pass Vectors without VectorsElement, or StoredVectors of the type VectorsElement"}
	}
	// The library refuses other types without a look at the vectors.
	if each := of.vectorBytes(element); (element == of.element || element == Float32) && len(stored) != count*each {
		return nil, &Error{Status: ErrDimensionMismatch, Message: fmt.Sprintf(
			"%d vectors of %d bytes are needed, so pass %d bytes, not %d", count, each, count*each, len(stored))}
	}
	return bytesOf(stored), nil
}

func wrongCounts(count int, tags []uint64, payloads [][]byte) error {
	if (tags == nil || len(tags) == count) && (payloads == nil || len(payloads) == count) {
		return nil
	}
	return &Error{Status: ErrInvalidArgument, Message: "pass as many tags and payloads as keys, or nil"}
}

func joinedTexts(texts []string) ([]byte, []uint64) {
	return joined(len(texts), func(i int) string { return texts[i] })
}

// joinedPayloads of nil are none.
func joinedPayloads(payloads [][]byte) ([]byte, []uint64) {
	if payloads == nil {
		return nil, nil
	}
	return joined(len(payloads), func(i int) string { return string(payloads[i]) })
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
