package syna_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// The words of ../conformance/cases.txt, whose README.md describes them.

func (r *replay) parsed(word string) uint64 {
	number, err := strconv.ParseUint(word, 10, 64)
	r.require(err == nil, "%s is no number", word)
	return number
}

func (r *replay) bytesOf(word string) string {
	var whole strings.Builder
	if word == "-" {
		return ""
	}
	for _, piece := range strings.Split(word, "+") {
		text, times, isRepeated := strings.Cut(piece, "*")
		count := 1
		if isRepeated {
			count = int(r.parsed(times))
		}
		var once []byte
		for i := 0; i < len(text); i++ {
			if text[i] != '%' {
				once = append(once, text[i])
				continue
			}
			value, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
			r.require(err == nil, "%s is no byte", text[i:])
			once = append(once, byte(value))
			i += 2
		}
		whole.Write(bytes.Repeat(once, count))
	}
	return whole.String()
}

// scrambled is SplitMix64.
func scrambled(n uint64) uint64 {
	n += 0x9E3779B97F4A7C15
	n = (n ^ (n >> 30)) * 0xBF58476D1CE4E5B9
	n = (n ^ (n >> 27)) * 0x94D049BB133111EB
	return n ^ (n >> 31)
}

func (r *replay) vectorOf(word string) []float32 {
	count := uint64(64)
	if before, after, isThere := strings.Cut(word, ":"); isThere {
		count, word = r.parsed(before), after
	}
	vector := make([]float32, count)
	rest := word[1:]
	switch word[0] {
	case 'v':
		for i, part := range strings.Split(rest, ",") {
			value, err := strconv.ParseFloat(part, 32)
			r.require(err == nil, "%s is no number", part)
			vector[i] = float32(value)
		}
	case 's':
		for i := range vector {
			vector[i] = float32(scrambled(r.parsed(rest)*count+uint64(i))>>40)/8388608 - 1
		}
	case 'n':
		vector[r.parsed(rest)] = float32(math.NaN())
	case 'i':
		vector[r.parsed(rest)] = float32(math.Inf(1))
	case 'j':
		vector[r.parsed(rest)] = float32(math.Inf(-1))
	default:
		r.require(false, "a vector begins with v, s, n, i or j")
	}
	return vector
}

func isSame(a, b []float32) bool {
	var left, right bytes.Buffer
	return binary.Write(&left, binary.LittleEndian, a) == nil && binary.Write(&right, binary.LittleEndian, b) == nil &&
		bytes.Equal(left.Bytes(), right.Bytes())
}

func (r *replay) isDistance(word string, distance float32) bool {
	if word[0] == '~' {
		wanted, err := strconv.ParseFloat(word[1:], 32)
		return err == nil && math.Abs(float64(distance)-wanted) <= 0.00001
	}
	bits, err := strconv.ParseUint(word, 16, 32)
	return err == nil && math.Float32bits(distance) == uint32(bits)
}
