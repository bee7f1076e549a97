package syna

/*
#include <stdlib.h>
#include "calls.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"time"
	"unsafe"
)

// Metric is how near two vectors are; smaller distances are nearer, whatever it is.
type Metric uint32

const (
	Cosine     Metric = C.SYNA_MMAP_METRIC_COSINE
	Euclidean  Metric = C.SYNA_MMAP_METRIC_EUCLIDEAN
	DotProduct Metric = C.SYNA_MMAP_METRIC_DOT_PRODUCT
	// FromFile is for opening only: as in the existing file.
	FromFile Metric = C.SYNA_MMAP_METRIC_FROM_FILE
)

// Flags says how a file is opened.
type Flags uint32

const (
	ReadOnly   Flags = C.SYNA_MMAP_OPEN_READ_ONLY
	MustExist  Flags = C.SYNA_MMAP_OPEN_MUST_EXIST
	MustCreate Flags = C.SYNA_MMAP_OPEN_MUST_CREATE
	Verify     Flags = C.SYNA_MMAP_OPEN_VERIFY
	Damaged    Flags = C.SYNA_MMAP_OPEN_DAMAGED
	// SmallDimensions accepts 1 to 63 dimensions.
	SmallDimensions Flags = C.SYNA_MMAP_OPEN_SMALL_DIMENSIONS
)

// Durability is when a write is safe from a power cut.
type Durability uint32

const (
	// Process: from the next checkpoint on.
	Process Durability = C.SYNA_MMAP_DURABILITY_PROCESS
	// Batch: when the write returns.
	Batch Durability = C.SYNA_MMAP_DURABILITY_BATCH
)

// Option is something that a store is opened with; what no option says has the library's default.
type Option func(*options)

type options struct {
	raw C.syna_mmap_options
	// What is wrong with a label or a column.
	err error
}

// optionsOf has to be freed.
func optionsOf(chosen []Option) *options {
	o := &options{}
	C.syna_mmap_options_init(&o.raw, C.sizeof_syna_mmap_options)
	for _, option := range chosen {
		option(o)
	}
	return o
}

func (o *options) free() {
	C.free(unsafe.Pointer(o.raw.label))
	C.free(unsafe.Pointer(o.raw.expected_label))
	o.freeColumns()
}

// setLabel copies a label to C.
func (o *options) setLabel(member **C.char, label string) {
	if err := wrongLabel(label); err != nil {
		o.err = err
		return
	}
	C.free(unsafe.Pointer(*member))
	*member = C.CString(label)
}

func wrongLabel(label string) error {
	if len(label) <= C.SYNA_MMAP_MAX_LABEL_BYTES && strings.IndexByte(label, 0) < 0 {
		return nil
	}
	return &Error{Status: ErrInvalidArgument, Message: fmt.Sprintf(
		"the label has %d bytes; pass one of at most %d, without NUL bytes", len(label), C.SYNA_MMAP_MAX_LABEL_BYTES)}
}

// WithDimensions: 64 to 8,192, or from 1 on with the flag SmallDimensions; 0 for those of the existing file. Default 768.
func WithDimensions(count uint32) Option {
	return func(o *options) { o.raw.dimensions = C.uint32_t(count) }
}

// WithMetric: default Cosine.
func WithMetric(metric Metric) Option {
	return func(o *options) { o.raw.metric = C.uint32_t(metric) }
}

// WithFlags adds to the flags.
func WithFlags(flags Flags) Option {
	return func(o *options) { o.raw.flags |= C.uint32_t(flags) }
}

// WithDurability: default Process.
func WithDurability(durability Durability) Option {
	return func(o *options) { o.raw.durability = C.uint32_t(durability) }
}

// WithInitialCapacity: vectors to plan for; takes no space by itself.
func WithInitialCapacity(count uint64) Option {
	return func(o *options) { o.raw.initial_capacity = C.uint64_t(count) }
}

// WithIndexThreshold: vectors at which a write makes the index; 0: only BuildIndex and IndexStep do.
func WithIndexThreshold(count uint64) Option {
	return func(o *options) { o.raw.index_threshold = C.uint64_t(count) }
}

// WithCheckpointInterval is the time between checkpoints that writes make, in whole seconds; 0: only when asked and at
// Close.
func WithCheckpointInterval(interval time.Duration) Option {
	return func(o *options) { o.raw.checkpoint_interval_secs = C.uint32_t(interval / time.Second) }
}

// WithThreads: threads that an index build or a batch search may use, the calling one among them; with 1 or more, another
// one writes batches of 2 MiB and more, and reads a large index while an open reads the keys. Default 0: none.
func WithThreads(count uint32) Option {
	return func(o *options) { o.raw.threads = C.uint32_t(count) }
}

// WithGraph: links of a row are mMax (0: 2 * m, which has no other effect), chosen among efConstruction candidates.
func WithGraph(m, mMax, efConstruction uint32) Option {
	return func(o *options) {
		o.raw.hnsw_m, o.raw.hnsw_m_max = C.uint32_t(m), C.uint32_t(mMax)
		o.raw.hnsw_ef_construction = C.uint32_t(efConstruction)
	}
}

// WithEfSearch: candidates of a search that sets no Ef, or more if the index needs more.
func WithEfSearch(ef uint32) Option {
	return func(o *options) { o.raw.hnsw_ef_search = C.uint32_t(ef) }
}

// WithSeed: the same rows, options and seed give the same index.
func WithSeed(seed uint64) Option {
	return func(o *options) { o.raw.seed = C.uint64_t(seed) }
}

// IndexProfile is how much memory the index takes, and how fast it is.
type IndexProfile uint32

const (
	Fast    IndexProfile = C.SYNA_MMAP_INDEX_FAST
	Compact IndexProfile = C.SYNA_MMAP_INDEX_COMPACT
)

// WithIndexProfile: default Fast.
func WithIndexProfile(profile IndexProfile) Option {
	return func(o *options) { o.raw.index_profile = C.uint32_t(profile) }
}

// WithIndexWorker: 1 has a thread of the store's own take rows into an index that comes by itself. Default 0.
func WithIndexWorker(count uint32) Option {
	return func(o *options) { o.raw.index_worker = C.uint32_t(count) }
}

// WithFixedEf: 1 has a search that names no ef take hnsw_ef_search candidates, whatever it finds with them. Default 0.
func WithFixedEf(count uint32) Option {
	return func(o *options) { o.raw.fixed_ef = C.uint32_t(count) }
}

// WithMostUnindexedRows: rows that a write may leave out of an index that comes by itself. Default 256.
func WithMostUnindexedRows(count uint64) Option {
	return func(o *options) { o.raw.most_unindexed_rows = C.uint64_t(count) }
}

// KeyKind is what keys are; fixed when the file is made.
type KeyKind uint32

const (
	// TextKeys are UTF-8.
	TextKeys KeyKind = C.SYNA_MMAP_KEYS_TEXT
	// ByteKeys are strings of any bytes.
	ByteKeys KeyKind = C.SYNA_MMAP_KEYS_BYTES
	// KeysFromFile is for opening only: as in the existing file.
	KeysFromFile KeyKind = C.SYNA_MMAP_KEYS_FROM_FILE
)

// WithKeyKind: default TextKeys.
func WithKeyKind(kind KeyKind) Option {
	return func(o *options) { o.raw.key_kind = C.uint32_t(kind) }
}

// Element is how the components of vectors are stored; fixed when the file is made. Calls take and return floats in any
// case: vectors are rounded when they are written.
type Element uint32

const (
	// Float32 stores them as they are.
	Float32 Element = C.SYNA_MMAP_ELEMENT_F32
	// Float16 is IEEE 754 binary16, 2 bytes a component.
	Float16 Element = C.SYNA_MMAP_ELEMENT_F16
	// Int8 is 1 byte a component, from -127 to 127, and one scale a vector.
	Int8 Element = C.SYNA_MMAP_ELEMENT_I8
	// ElementFromFile is for opening only: as in the existing file.
	ElementFromFile Element = C.SYNA_MMAP_ELEMENT_FROM_FILE
)

// WithElement: default Float32.
func WithElement(element Element) Option {
	return func(o *options) { o.raw.element = C.uint32_t(element) }
}

// WithUserBlock: the application's values in a new file.
func WithUserBlock(block UserBlock) Option {
	return func(o *options) {
		o.raw.application_id, o.raw.user_version = C.uint32_t(block.ApplicationID), C.uint32_t(block.UserVersion)
		o.setLabel(&o.raw.label, block.Label)
	}
}

// WithExpectedLabel refuses an existing file that has another label.
func WithExpectedLabel(label string) Option {
	return func(o *options) { o.setLabel(&o.raw.expected_label, label) }
}
