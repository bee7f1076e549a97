package syna

// #include "calls.h"
import "C"
import "unsafe"

// vectorBytes is how many bytes a stored vector of a type has; 0 for an unknown type.
func (s shape) vectorBytes(element Element) int {
	switch element {
	case Float32:
		return 4 * s.dimensions
	case Float16:
		return 2 * s.dimensions
	case Int8:
		return (s.dimensions+3)/4*4 + 4
	}
	return 0
}

// decode turns a stored vector into floats. Rows are decoded and not read by Get, because they stay what they are when
// their key is deleted or their store is closed.
func (s shape) decode(stored []byte, into []float32) {
	if len(stored) > 0 && len(into) > 0 {
		C.syna_mmap_decode_vector(C.uint32_t(s.element), C.uint32_t(len(into)), unsafe.Pointer(&stored[0]), (*C.float)(&into[0]))
	}
}
