package syna

/*
#include "calls.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"syscall"
)

// Status is the number of what went wrong. Each is an error to compare with: errors.Is(err, syna.ErrLocked).
type Status int32

// The statuses; include/syna_mmap.h says what each means. A number that is not here comes from a later library.
const (
	ErrInvalidArgument    Status = C.SYNA_MMAP_ERR_INVALID_ARGUMENT
	ErrInvalidDimensions  Status = C.SYNA_MMAP_ERR_INVALID_DIMENSIONS
	ErrDimensionMismatch  Status = C.SYNA_MMAP_ERR_DIMENSION_MISMATCH
	ErrMetricMismatch     Status = C.SYNA_MMAP_ERR_METRIC_MISMATCH
	ErrInvalidVector      Status = C.SYNA_MMAP_ERR_INVALID_VECTOR
	ErrInvalidKey         Status = C.SYNA_MMAP_ERR_INVALID_KEY
	ErrNotFound           Status = C.SYNA_MMAP_ERR_NOT_FOUND
	ErrLocked             Status = C.SYNA_MMAP_ERR_LOCKED
	ErrReadOnly           Status = C.SYNA_MMAP_ERR_READ_ONLY
	ErrCorrupt            Status = C.SYNA_MMAP_ERR_CORRUPT
	ErrUnsupportedVersion Status = C.SYNA_MMAP_ERR_UNSUPPORTED_VERSION
	ErrLegacyFormat       Status = C.SYNA_MMAP_ERR_LEGACY_FORMAT
	ErrIO                 Status = C.SYNA_MMAP_ERR_IO
	ErrNoSpace            Status = C.SYNA_MMAP_ERR_NO_SPACE
	ErrNoMemory           Status = C.SYNA_MMAP_ERR_NO_MEMORY
	ErrInvalidHandle      Status = C.SYNA_MMAP_ERR_INVALID_HANDLE
	ErrPoisoned           Status = C.SYNA_MMAP_ERR_POISONED
	ErrInternal           Status = C.SYNA_MMAP_ERR_INTERNAL
	ErrCancelled          Status = C.SYNA_MMAP_ERR_CANCELLED
	ErrLimit              Status = C.SYNA_MMAP_ERR_LIMIT
	ErrKeyKindMismatch    Status = C.SYNA_MMAP_ERR_KEY_KIND_MISMATCH
	ErrLabelMismatch      Status = C.SYNA_MMAP_ERR_LABEL_MISMATCH
	ErrElementMismatch    Status = C.SYNA_MMAP_ERR_ELEMENT_MISMATCH
	ErrColumnsMismatch    Status = C.SYNA_MMAP_ERR_COLUMNS_MISMATCH
)

// Error is the status's C name, such as "SYNA_MMAP_ERR_LOCKED".
func (s Status) Error() string {
	return C.GoString(C.syna_mmap_status_name(C.syna_mmap_status(s)))
}

// Error is why a call failed.
type Error struct {
	Status Status
	// Errno is the system's own number; 0 where the system was not at fault.
	Errno syscall.Errno
	// Message says what was wrong and what to do.
	Message string
}

func (e *Error) Error() string {
	return "syna: " + e.Message
}

// Is tells whether the target is the error's status.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && status == e.Status
}

// Unwrap is the system's error, so that errors.Is(err, fs.ErrNotExist) works; nil where there is none.
func (e *Error) Unwrap() error {
	if e.Errno == 0 {
		return nil
	}
	return e.Errno
}

// errorStructs holds the error structs of calls, so that a call allocates none.
var errorStructs = sync.Pool{New: func() any {
	why := new(C.syna_mmap_error)
	why.struct_size = C.sizeof_syna_mmap_error
	return why
}}

// check makes an error of a status and the struct that its call was given, and gives the struct back.
func check(status C.syna_mmap_status, why *C.syna_mmap_error) error {
	if status == C.SYNA_MMAP_OK {
		errorStructs.Put(why)
		return nil
	}
	failure := errorOf(status, why)
	errorStructs.Put(why)
	return failure
}

func errorOf(status C.syna_mmap_status, why *C.syna_mmap_error) error {
	return &Error{Status(status), syscall.Errno(why.os_errno), C.GoString(&why.message[0])}
}

func newErrorStruct() *C.syna_mmap_error {
	return errorStructs.Get().(*C.syna_mmap_error)
}

// wrongLength is an error unless there are `rows` vectors in so many floats.
func wrongLength(floats, rows, dimensions int) error {
	if floats == rows*dimensions {
		return nil
	}
	return &Error{Status: ErrDimensionMismatch, Message: fmt.Sprintf(
		"the store has %d dimensions and %d vectors are needed, so pass %d floats, not %d",
		dimensions, rows, rows*dimensions, floats)}
}
