package syna

/*
#include <stdlib.h>
#include "calls.h"
*/
import "C"

import (
	"runtime"
	"runtime/cgo"
	"time"
	"unsafe"
)

// Put stores one row with its tags and its payload, in the place of the one that is there, if any.
func (s *Store) Put(key string, vector []float32, tags uint64, payload []byte) error {
	_, err := s.put(key, vector, tags, payload, C.SYNA_MMAP_WRITE_UPSERT)
	return err
}

// PutNew is as Put, but leaves a key that is there as it is; whether it was new.
func (s *Store) PutNew(key string, vector []float32, tags uint64, payload []byte) (bool, error) {
	return s.put(key, vector, tags, payload, C.SYNA_MMAP_WRITE_INSERT)
}

func (s *Store) put(key string, vector []float32, tags uint64, payload []byte, mode C.uint32_t) (bool, error) {
	defer runtime.KeepAlive(s)
	if err := wrongLength(len(vector), 1, s.dimensions); err != nil {
		return false, err
	}
	why := newErrorStruct()
	var written C.bool
	status := C.go_put(s.handle, key, floats(vector), C.uint64_t(tags), bytesOf(payload), C.size_t(len(payload)), mode,
		&written, why)
	err := check(status, why)
	return bool(written), err
}

// View is the row of a key. Its Stored, Payload and, in a store of Float32, Vector are read-only memory of the mapped
// file: good until the store is closed, so keep the store; what another goroutine closes must not be read. ErrNotFound
// where there is no such key.
func (s *Store) View(key string) (Row, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var raw C.syna_mmap_row
	var values [C.SYNA_MMAP_MAX_COLUMNS]Value
	status := C.go_get_view(s.handle, key, &raw, (*C.uint64_t)(unsafe.Pointer(&values[0])), C.size_t(len(s.columns)), why)
	if err := check(status, why); err != nil {
		return Row{}, err
	}
	return s.rowWith(&raw, values), nil
}

// RowOf is the row number of a key; ErrNotFound where there is no such key.
func (s *Store) RowOf(key string) (uint64, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var row C.uint64_t
	err := check(C.go_row_of(s.handle, key, &row, why), why)
	return uint64(row), err
}

// RowAt is the row with a number, good as that of View; ErrNotFound where there is none, or it was deleted.
func (s *Store) RowAt(number uint64) (Row, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var raw C.syna_mmap_row
	var values [C.SYNA_MMAP_MAX_COLUMNS]Value
	status := C.go_get_row(s.handle, C.uint64_t(number), &raw, (*C.uint64_t)(unsafe.Pointer(&values[0])),
		C.size_t(len(s.columns)), why)
	if err := check(status, why); err != nil {
		return Row{}, err
	}
	return s.rowWith(&raw, values), nil
}

// rowWith is a row whose values C has copied.
func (s shape) rowWith(raw *C.syna_mmap_row, values [C.SYNA_MMAP_MAX_COLUMNS]Value) Row {
	row := rowOf(unsafe.Pointer(raw), s, nil)
	row.Values = append(row.Values, values[:len(s.columns)]...)
	return row
}

// GetBatch copies the vectors of many keys into out, which has len(keys) x Dimensions floats, and says which keys exist.
// The places of the others are left as they are.
func (s *Store) GetBatch(keys []string, out []float32) ([]bool, error) {
	defer runtime.KeepAlive(s)
	if err := wrongLength(len(out), len(keys), s.dimensions); err != nil {
		return nil, err
	}
	text, offsets := joined(len(keys), func(i int) string { return keys[i] })
	found := make([]bool, len(keys)+1)
	why := newErrorStruct()
	var existing C.size_t
	status := C.go_get_batch(s.handle, (*C.char)(unsafe.Pointer(bytesOf(text))), numbers(offsets), C.size_t(len(keys)),
		floats(out), (*C.bool)(unsafe.Pointer(&found[0])), &existing, why)
	if err := check(status, why); err != nil {
		return nil, err
	}
	return found[:len(keys)], nil
}

// CountWhere counts the rows that meet the conditions; options that are no conditions have no effect.
func (s *Store) CountWhere(conditions ...SearchOption) (uint64, error) {
	defer runtime.KeepAlive(s)
	o := conditionsOf(conditions)
	why := newErrorStruct()
	var count C.uint64_t
	status := C.go_count_where(s.handle, o.armed(s.shape), o.prefix, numbers(o.rows), C.size_t(len(o.rows)), &count,
		why)
	o.disarm()
	err := check(status, why)
	return uint64(count), err
}

// RowsWhere lists the numbers of the rows from first on that meet the conditions, in ascending order, into out. Fewer
// than len(out) are the end; to go on, pass the last one plus one.
func (s *Store) RowsWhere(first uint64, out []uint64, conditions ...SearchOption) ([]uint64, error) {
	defer runtime.KeepAlive(s)
	o := conditionsOf(conditions)
	why := newErrorStruct()
	var count C.size_t
	status := C.go_rows_where(s.handle, o.armed(s.shape), o.prefix, numbers(o.rows), C.size_t(len(o.rows)),
		C.uint64_t(first), numbers(out), C.size_t(len(out)), &count, why)
	o.disarm()
	err := check(status, why)
	return out[:count], err
}

func conditionsOf(conditions []SearchOption) *searchOptions {
	o := &searchOptions{}
	for _, option := range conditions {
		option(o)
	}
	return o
}

// disarm deletes the handle that armed has made; what the condition panicked with goes on.
func (o *searchOptions) disarm() {
	if o.condition == nil {
		return
	}
	cgo.Handle(o.raw.condition).Delete()
	if o.condition.panicked != nil {
		panic(o.condition.panicked)
	}
}

// Distance is the distance of two vectors, as a search computes it.
func (s *Store) Distance(a, b []float32) (float32, error) {
	defer runtime.KeepAlive(s)
	if err := wrongLength(len(a)+len(b), 2, s.dimensions); err != nil {
		return 0, err
	}
	if err := wrongLength(len(a), 1, s.dimensions); err != nil {
		return 0, err
	}
	why := newErrorStruct()
	var distance C.float
	err := check(C.go_distance(s.handle, floats(a), floats(b), &distance, why), why)
	return float32(distance), err
}

// Path is the path that the store was opened by, absolute; empty for a store without a file of its own.
func (s *Store) Path() (string, error) {
	defer runtime.KeepAlive(s)
	var room []byte
	for {
		why := newErrorStruct()
		var length C.size_t
		status := C.go_path(s.handle, (*C.char)(unsafe.Pointer(bytesOf(room))), C.size_t(len(room)), &length, why)
		if err := check(status, why); err != nil {
			return "", err
		}
		if int(length) < len(room) {
			return string(room[:length]), nil
		}
		room = make([]byte, length+1)
	}
}

// Effective are the options of a store as they are in effect; the C header says more of each.
type Effective struct {
	Dimensions, HnswM, HnswMMax, HnswEfConstruction, HnswEfSearch, Threads, IndexWorker, FixedEf uint32
	InitialCapacity, IndexThreshold, MostUnindexedRows, Seed                                     uint64
	Metric                                                                                       Metric
	Flags                                                                                        Flags
	Durability                                                                                   Durability
	IndexProfile                                                                                 IndexProfile
	KeyKind                                                                                      KeyKind
	Element                                                                                      Element
	CheckpointInterval                                                                           time.Duration
}

// Options are those in effect.
func (s *Store) Options() (Effective, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var raw C.syna_mmap_options
	if err := check(C.go_get_options(s.handle, &raw, why), why); err != nil {
		return Effective{}, err
	}
	return Effective{
		Dimensions: uint32(raw.dimensions), HnswM: uint32(raw.hnsw_m), HnswMMax: uint32(raw.hnsw_m_max),
		HnswEfConstruction: uint32(raw.hnsw_ef_construction), HnswEfSearch: uint32(raw.hnsw_ef_search),
		Threads: uint32(raw.threads), IndexWorker: uint32(raw.index_worker), FixedEf: uint32(raw.fixed_ef),
		InitialCapacity: uint64(raw.initial_capacity), IndexThreshold: uint64(raw.index_threshold),
		MostUnindexedRows: uint64(raw.most_unindexed_rows), Seed: uint64(raw.seed),
		Metric: Metric(raw.metric), Flags: Flags(raw.flags), Durability: Durability(raw.durability),
		IndexProfile: IndexProfile(raw.index_profile), KeyKind: KeyKind(raw.key_kind), Element: Element(raw.element),
		CheckpointInterval: time.Duration(raw.checkpoint_interval_secs) * time.Second,
	}, nil
}

// SetEfSearch changes how many candidates a search takes that names no ef, until the store is closed.
func (s *Store) SetEfSearch(ef uint32) error {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	return check(C.go_set_ef_search(s.handle, C.uint32_t(ef), why), why)
}

// SetCheckpointInterval changes the time between checkpoints that writes make, in whole seconds, until the store is
// closed; 0: only when asked and at Close.
func (s *Store) SetCheckpointInterval(interval time.Duration) error {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	return check(C.go_set_checkpoint_interval(s.handle, C.uint32_t(interval/time.Second), why), why)
}

// OpenMemory opens a store whose file is in memory, for reading; an empty index: there is none. The memory must not be
// Go's, because the library keeps its address: use that of syscall.Mmap, for example. It must stay as it is until the
// store is closed and all Results and Cursors of the store are closed, or, for Results, were searched into again.
func OpenMemory(data, index []byte, chosen ...Option) (*Store, error) {
	o := optionsOf(append(asInFile(), chosen...))
	defer o.free()
	if o.err != nil {
		return nil, o.err
	}
	why := newErrorStruct()
	var handle C.uintptr_t
	status := C.go_open_memory(bytesOf(data), C.size_t(len(data)), bytesOf(index), C.size_t(len(index)), &o.raw, &handle,
		why)
	return opened(&handle, check(status, why))
}
