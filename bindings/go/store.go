package syna

/*
#include <stdlib.h>
#include "calls.h"
*/
import "C"

import (
	"runtime"
	"strings"
	"unsafe"
)

// Store is an open store. All goroutines may use it at once. Close it; a store that is forgotten is closed some time
// after, without a word about a failure.
type Store struct {
	// A number, not an address. It stays as it is when the store is closed: the library knows.
	handle C.uintptr_t
	shape
}

// shape is what the rows of a store look like.
type shape struct {
	dimensions int
	element    Element
	columns    []Column
}

// Open opens the store in the file, or makes it where there is none.
func Open(path string, chosen ...Option) (*Store, error) {
	if C.syna_mmap_abi_version() != C.SYNA_MMAP_ABI_VERSION {
		return nil, &Error{Status: ErrInternal,
			Message: "the library and syna_mmap.h are of different releases; take both from one"}
	}
	name, err := pathOf(path)
	if err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(name))
	o := optionsOf(chosen)
	defer o.free()
	if o.err != nil {
		return nil, o.err
	}
	why := newErrorStruct()
	var handle C.uintptr_t
	return opened(&handle, check(C.go_open(name, &o.raw, &handle, why), why))
}

// opened is the store of a handle, where there was no error.
func opened(handle *C.uintptr_t, err error) (*Store, error) {
	if err != nil {
		return nil, err
	}
	store := &Store{*handle, shape{int(C.go_dimensions(*handle)), Element(C.go_element(*handle)), columnsOf(*handle)}}
	runtime.SetFinalizer(store, func(s *Store) { C.go_close(s.handle, nil) })
	return store, nil
}

// pathOf is the path as C has it, for C.free.
func pathOf(path string) (*C.char, error) {
	if strings.IndexByte(path, 0) >= 0 {
		return nil, &Error{Status: ErrInvalidArgument, Message: "the path has a NUL in it; pass one without"}
	}
	return C.CString(path), nil
}

// Close makes a checkpoint and closes the store; closing it again is ErrInvalidHandle.
func (s *Store) Close() error {
	runtime.SetFinalizer(s, nil)
	why := newErrorStruct()
	return check(C.go_close(s.handle, why), why)
}

// Checkpoint makes what was written so far safe from a power cut.
func (s *Store) Checkpoint() error {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	return check(C.go_checkpoint(s.handle, why), why)
}

// Flush is as Checkpoint, but leaves the index's file alone.
func (s *Store) Flush() error {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	return check(C.go_flush(s.handle, why), why)
}

// BuildIndex takes every vector into the index, then makes a checkpoint.
func (s *Store) BuildIndex() error {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	return check(C.go_build_index(s.handle, why), why)
}

// Reserve takes disk space for so many vectors in all, now.
func (s *Store) Reserve(count uint64) error {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	return check(C.go_reserve(s.handle, C.uint64_t(count), why), why)
}

// Len is how many vectors are stored; 0 once it is closed.
func (s *Store) Len() uint64 {
	defer runtime.KeepAlive(s)
	return uint64(C.go_len(s.handle))
}

// Dimensions is how many floats a vector has.
func (s *Store) Dimensions() int {
	return s.dimensions
}

// Metric is the file's.
func (s *Store) Metric() Metric {
	defer runtime.KeepAlive(s)
	return Metric(C.go_metric(s.handle))
}

// KeyKind is what the keys of the file are.
func (s *Store) KeyKind() KeyKind {
	defer runtime.KeepAlive(s)
	return KeyKind(C.go_key_kind(s.handle))
}

// Element is how the file stores components.
func (s *Store) Element() Element {
	return s.element
}

// VectorBytes is how many bytes a stored vector has; 0 once the store is closed.
func (s *Store) VectorBytes() int {
	defer runtime.KeepAlive(s)
	return int(C.go_vector_bytes(s.handle))
}

// HasIndex tells whether searches have an index to use.
func (s *Store) HasIndex() bool {
	defer runtime.KeepAlive(s)
	return bool(C.go_has_index(s.handle))
}

// IsDirty tells whether anything was written since the last checkpoint.
func (s *Store) IsDirty() bool {
	defer runtime.KeepAlive(s)
	return bool(C.go_is_dirty(s.handle))
}

// LastDurableSeq is the number of the last write that is safe from a power cut.
func (s *Store) LastDurableSeq() uint64 {
	defer runtime.KeepAlive(s)
	return uint64(C.go_last_durable_seq(s.handle))
}

// Contains tells whether a key is stored.
func (s *Store) Contains(key string) bool {
	defer runtime.KeepAlive(s)
	return bool(C.go_contains(s.handle, key))
}

// Get copies the vector of a key into out, which has Dimensions floats; ErrNotFound where there is no such key.
func (s *Store) Get(key string, out []float32) error {
	defer runtime.KeepAlive(s)
	if err := wrongLength(len(out), 1, s.dimensions); err != nil {
		return err
	}
	why := newErrorStruct()
	return check(C.go_get(s.handle, key, floats(out), why), why)
}

// Tags is the number that was written with a key; 0 where none was.
func (s *Store) Tags(key string) (uint64, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var tags C.uint64_t
	err := check(C.go_get_tags(s.handle, key, &tags, why), why)
	return uint64(tags), err
}

// Payload is a copy of the bytes that were written with a key; nil where none were.
func (s *Store) Payload(key string) ([]byte, error) {
	defer runtime.KeepAlive(s)
	var room []byte
	for {
		why := newErrorStruct()
		var length C.size_t
		status := C.go_get_payload(s.handle, key, bytesOf(room), C.size_t(len(room)), &length, why)
		if err := check(status, why); err != nil {
			return nil, err
		}
		if int(length) <= len(room) {
			return room[:length], nil
		}
		room = make([]byte, length)
	}
}

// floats is where a slice begins; nil where it is empty.
func floats(vector []float32) *C.float {
	if len(vector) == 0 {
		return nil
	}
	return (*C.float)(unsafe.Pointer(&vector[0]))
}

func bytesOf(slice []byte) *C.uint8_t {
	if len(slice) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&slice[0]))
}

func numbers(slice []uint64) *C.uint64_t {
	if len(slice) == 0 {
		return nil
	}
	return (*C.uint64_t)(unsafe.Pointer(&slice[0]))
}
