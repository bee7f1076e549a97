package syna

import (
	"encoding/binary"
	"math"
)

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

// decode turns a stored vector into floats, as the library does it. Rows are decoded here and not by Get, because they
// stay what they are when their key is deleted or their store is closed.
func (s shape) decode(stored []byte, into []float32) {
	switch s.element {
	case Float32:
		for i := range into {
			into[i] = math.Float32frombits(binary.LittleEndian.Uint32(stored[4*i:]))
		}
	case Float16:
		for i := range into {
			into[i] = ofHalf(binary.LittleEndian.Uint16(stored[2*i:]))
		}
	case Int8:
		scale := math.Float32frombits(binary.LittleEndian.Uint32(stored[len(stored)-4:]))
		for i := range into {
			into[i] = float32(int8(stored[i])) * scale
		}
	}
}

// ofHalf is the value of an IEEE 754 binary16, which a float32 represents exactly.
func ofHalf(half uint16) float32 {
	sign, magnitude := uint32(half&0x8000)<<16, uint32(half&0x7FFF)<<13
	if half&0x7C00 == 0x7C00 {
		return math.Float32frombits(sign | 0x7F800000 | magnitude)
	}
	// The exponents' biases differ by 112. A product, because it normalizes the subnormal ones.
	return math.Float32frombits(sign | math.Float32bits(math.Float32frombits(magnitude)*0x1p112))
}
