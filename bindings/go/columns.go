package syna

/*
#include <stdlib.h>
#include "calls.h"
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"unsafe"
)

// ColumnKind is what the values of a column are.
type ColumnKind uint32

const (
	Int64Column  ColumnKind = C.SYNA_MMAP_COLUMN_I64
	Uint64Column ColumnKind = C.SYNA_MMAP_COLUMN_U64
	// Float64Column has any floats but NaN.
	Float64Column ColumnKind = C.SYNA_MMAP_COLUMN_F64
)

// String is the name of the kind, as in messages of the library.
func (k ColumnKind) String() string {
	switch k {
	case Int64Column:
		return "i64"
	case Uint64Column:
		return "u64"
	case Float64Column:
		return "f64"
	}
	return fmt.Sprintf("kind %d", uint32(k))
}

// Column is a typed number that is stored with each row.
type Column struct {
	// Name has 1 to 32 bytes of UTF-8.
	Name string
	Kind ColumnKind
}

// Columns are values of a batch by the names of the columns. Each is a []int64, []uint64 or []float64, as the kind of the
// column says, with a value for each key.
type Columns map[string]any

// Value is the value of a row in a column: its bits. The kind of the column says which method reads it.
type Value uint64

// Int64 is the value in an Int64Column.
func (v Value) Int64() int64 {
	return int64(v)
}

// Uint64 is the value in a Uint64Column.
func (v Value) Uint64() uint64 {
	return uint64(v)
}

// Float64 is the value in a Float64Column.
func (v Value) Float64() float64 {
	return math.Float64frombits(uint64(v))
}

// WithColumns: those of a new file, at most 16; an existing file with others is ErrColumnsMismatch.
func WithColumns(columns ...Column) Option {
	return func(o *options) { o.setColumns(columns) }
}

// setColumns copies columns to C.
func (o *options) setColumns(columns []Column) {
	o.freeColumns()
	if len(columns) == 0 {
		return
	}
	room := (*C.syna_mmap_column)(C.calloc(C.size_t(len(columns)), C.sizeof_syna_mmap_column))
	o.raw.columns, o.raw.column_count = room, C.size_t(len(columns))
	all := unsafe.Slice(room, len(columns))
	for i := range all {
		to, name := &all[i], columns[i].Name
		if len(name) == 0 || len(name) > C.SYNA_MMAP_MAX_COLUMN_NAME_BYTES || strings.IndexByte(name, 0) >= 0 {
			o.err = &Error{Status: ErrInvalidArgument, Message: fmt.Sprintf(
				"the name %q of a column has %d bytes; pass 1 to %d, without NUL bytes", name, len(name),
				C.SYNA_MMAP_MAX_COLUMN_NAME_BYTES)}
			return
		}
		for at := range name {
			to.name[at] = C.char(name[at])
		}
		to.kind = C.uint32_t(columns[i].Kind)
	}
}

func (o *options) freeColumns() {
	C.free(unsafe.Pointer(o.raw.columns))
	o.raw.columns, o.raw.column_count = nil, 0
}

// columnsOf are the columns of an open store.
func columnsOf(handle C.uintptr_t) []Column {
	var raw [C.SYNA_MMAP_MAX_COLUMNS]C.syna_mmap_column
	var count C.size_t
	if C.go_columns(handle, &raw[0], C.size_t(len(raw)), &count, nil) != C.SYNA_MMAP_OK || count == 0 {
		return nil
	}
	columns := make([]Column, count)
	for i := range columns {
		columns[i] = Column{C.GoString(&raw[i].name[0]), ColumnKind(raw[i].kind)}
	}
	return columns
}

// Columns are the store's, in order; another store can be opened WithColumns(store.Columns()...).
func (s *Store) Columns() []Column {
	return append([]Column(nil), s.columns...)
}

// Value is the value of a key in a column; ErrNotFound where there is no such key.
func (s *Store) Value(key, column string) (Value, error) {
	defer runtime.KeepAlive(s)
	place, err := s.place(column)
	if err != nil {
		return 0, err
	}
	why := newErrorStruct()
	var bits C.uint64_t
	err = check(C.go_get_value(s.handle, key, C.uint32_t(place), &bits, why), why)
	return Value(bits), err
}

// place is where a column is in the list.
func (s shape) place(column string) (int, error) {
	names := make([]string, len(s.columns))
	for i, known := range s.columns {
		if known.Name == column {
			return i, nil
		}
		names[i] = known.Name
	}
	return 0, &Error{Status: ErrInvalidArgument, Message: fmt.Sprintf(
		"the store has no column %q; its columns are %q", column, names)}
}

// valueIn is the value of a column among those of a row; it panics where there is no such column.
func (s shape) valueIn(values []Value, column string) Value {
	for i := range s.columns {
		if s.columns[i].Name == column {
			return values[i]
		}
	}
	_, err := s.place(column)
	panic(err)
}

// batchColumns are the values of a batch, for C: column after column, and of each its place in the list and its kind.
type batchColumns struct {
	places, kinds []C.uint32_t
	values        []uint64
}

// joined copies the values together, since C must not see pointers to Go memory in Go memory.
func (c Columns) joined(of shape, count int) (batchColumns, error) {
	if len(c) == 0 {
		return batchColumns{}, nil
	}
	all := batchColumns{values: make([]uint64, 0, len(c)*count)}
	for name, given := range c {
		place, err := of.place(name)
		if err != nil {
			return all, err
		}
		var kind ColumnKind
		before := len(all.values)
		switch values := given.(type) {
		case []int64:
			kind = Int64Column
			for _, value := range values {
				all.values = append(all.values, uint64(value))
			}
		case []uint64:
			kind = Uint64Column
			all.values = append(all.values, values...)
		case []float64:
			kind = Float64Column
			for _, value := range values {
				all.values = append(all.values, math.Float64bits(value))
			}
		default:
			return all, &Error{Status: ErrInvalidArgument, Message: fmt.Sprintf(
				"the values of column %q are %T; pass []int64, []uint64 or []float64", name, given)}
		}
		if length := len(all.values) - before; length != count {
			return all, &Error{Status: ErrInvalidArgument, Message: fmt.Sprintf(
				"column %q has %d values; pass %d, one for each key", name, length, count)}
		}
		all.places = append(all.places, C.uint32_t(place))
		all.kinds = append(all.kinds, C.uint32_t(kind))
	}
	return all, nil
}

func uint32s(slice []C.uint32_t) *C.uint32_t {
	if len(slice) == 0 {
		return nil
	}
	return &slice[0]
}

// Hash64 is a text as a number for a Uint64Column, to compare for equality: FNV-1a, the same on every platform and in every
// version. Different texts may have the same number.
func Hash64(text string) uint64 {
	return uint64(C.go_hash64(text))
}
