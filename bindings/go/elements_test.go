package syna_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync/atomic"
	"testing"

	syna "syna-mmap/bindings/go"
)

// Stores whose vectors are stored in fewer bytes than floats have.

var elements = map[string]syna.Element{
	"f32": syna.Float32, "f16": syna.Float16, "i8": syna.Int8, "from_file": syna.ElementFromFile,
}

// smaller are the types whose vectors a binding decodes, with the bytes of a vector of 66 components.
var smaller = map[syna.Element]int{syna.Float16: 132, syna.Int8: 72}

// inElements does the operations of ../conformance/cases.txt on how a store keeps keys and vectors; false: it is none of
// them.
func (r *replay) inElements() bool {
	switch r.words[0] {
	case "element":
		r.said(nameOf(elements, r.store().Element()))
	case "key_kind":
		r.said(nameOf(keyKinds, r.store().KeyKind()))
	case "vector_bytes":
		r.said(r.store().VectorBytes())
	case "batch_stored":
		r.batchStored()
	case "hit_vector":
		i, answer := int(r.parsed(r.words[1])), "none"
		if i < r.results.Len() {
			answer = "another vector"
			if r.expected[0] != "none" && isSame(r.results.Vector(i), r.vectorOf(r.expected[0])) {
				answer = r.expected[0]
			}
		}
		r.said(answer)
	case "hit_stored":
		i, answer := int(r.parsed(r.words[1])), "none"
		if i < r.results.Len() {
			answer = fmt.Sprintf("%q", r.results.Stored(i))
			if string(r.results.Stored(i)) == r.bytesOf(r.expected[0]) {
				answer = r.expected[0]
			}
		}
		r.said(answer)
	default:
		return false
	}
	return true
}

// nameOf is the name of a value; "" where it has none.
func nameOf[T comparable](names map[string]T, value T) string {
	for name, named := range names {
		if named == value {
			return name
		}
	}
	return ""
}

func (r *replay) view() {
	store := r.store()
	row, err := store.View(r.key())
	answer := "another row"
	if err == nil && row.Key == r.key() && isSame(row.Vector, r.vectorOf(r.expected[1])) &&
		string(row.Payload) == r.bytesOf(r.expected[3]) {
		answer = fmt.Sprint(r.expected[1], " ", row.Tags, " ", r.expected[3], " ", row.Number)
		if len(r.expected) > 5 {
			stored := fmt.Sprintf("%q", row.Stored)
			if string(row.Stored) == r.bytesOf(r.expected[6]) {
				stored = r.expected[6]
			}
			answer = fmt.Sprint(answer, " ", nameOf(elements, store.Element()), " ", stored)
		} else {
			r.require(store.Element() == syna.Float32, "a view in a store of another type")
		}
		kept := make([]float32, store.Dimensions())
		r.require(store.Get(row.Key, kept) == nil && isSame(row.Vector, kept), "another vector by key")
	}
	r.saidStatus(err, answer)
}

func (r *replay) batchStored() {
	store, operation := r.store(), r.words
	element, isNamed := elements[operation[3]]
	if !isNamed {
		element = syna.Element(r.parsed(operation[3]))
	}
	rows := syna.Rows{StoredVectors: []byte{}, VectorsElement: element, Tags: []uint64{}}
	hasPayloads := false
	for _, words := range r.following("row", r.parsed(operation[4])) {
		rows.Keys = append(rows.Keys, r.bytesOf(words[0]))
		rows.StoredVectors = append(rows.StoredVectors, r.bytesOf(words[1])...)
		rows.Tags = append(rows.Tags, r.parsed(words[2]))
		rows.Payloads = append(rows.Payloads, []byte(r.bytesOf(words[3])))
		hasPayloads = hasPayloads || words[3] != "-"
	}
	if !hasPayloads {
		rows.Payloads = nil
	}
	mode := syna.KeepExisting
	if operation[2] == "upsert" {
		mode = syna.ReplaceExisting
	}
	written, err := store.Write(rows, mode)
	r.saidStatus(err, written.Rows)
}

// ragged is a vector of 66 components, 0 to 1 in magnitude, whose rounding differs from one to the next.
func ragged(seed int) []float32 {
	vector := make([]float32, 66)
	for i := range vector {
		vector[i] = float32(math.Sin(float64(seed*len(vector) + i)))
	}
	return vector
}

func ofElement(t *testing.T, element syna.Element, count int) *syna.Store {
	t.Helper()
	store, err := syna.InMemory(syna.WithDimensions(66), syna.WithMetric(syna.Euclidean), syna.WithElement(element))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	rows := syna.Rows{}
	for i := 0; i < count; i++ {
		rows.Keys = append(rows.Keys, fmt.Sprint("row", i))
		rows.Vectors = append(rows.Vectors, ragged(i)...)
		rows.Tags = append(rows.Tags, uint64(i))
	}
	if written, err := store.InsertBatch(rows); err != nil || written != count {
		t.Fatal(written, err)
	}
	return store
}

func TestVectorsAreFloatsInEveryStore(t *testing.T) {
	ctx := context.Background()
	for element, vectorBytes := range smaller {
		store, results := ofElement(t, element, 100), newResults(t)
		if store.Element() != element || store.VectorBytes() != vectorBytes || store.KeyKind() != syna.TextKeys {
			t.Fatal(store.Element(), store.VectorBytes(), store.KeyKind())
		}
		kept := make([][]float32, 100)
		for i := range kept {
			kept[i] = make([]float32, 66)
			if err := store.Get(fmt.Sprint("row", i), kept[i]); err != nil || isSame(kept[i], ragged(i)) {
				t.Fatal("not rounded", err)
			}
		}
		isRow := func(row syna.Row) bool {
			return isSame(row.Vector, kept[row.Number]) && len(row.Stored) == vectorBytes && row.Tags == row.Number
		}
		// A condition sees floats, and so do the rows that outlive their key and their store.
		var asked atomic.Int64
		err := store.Search(ctx, ragged(7), 3, results, syna.Where(func(row syna.Row) bool {
			asked.Add(1)
			return isRow(row)
		}))
		if err != nil || results.Len() != 3 || results.Key(0) != "row7" || asked.Load() == 0 {
			t.Fatal(err, results.Len(), asked.Load())
		}
		view, err := store.View("row7")
		if err != nil || !isRow(view) || !bytes.Equal(view.Stored, results.Stored(0)) {
			t.Fatal(err, view)
		}
		at, err := store.RowAt(7)
		if err != nil || !isRow(at) || !bytes.Equal(view.Stored, at.Stored) {
			t.Fatal(err, at)
		}
		cursor, err := store.Rows(0)
		if err != nil {
			t.Fatal(err)
		}
		defer cursor.Close()
		if _, err := store.Delete("row7"); err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if !isSame(results.Vector(0), kept[7]) || len(results.Stored(0)) != vectorBytes {
			t.Fatal("results changed when their store was closed")
		}
		count := 0
		for ; cursor.Next(); count++ {
			if !isRow(cursor.Row()) {
				t.Fatal(cursor.Row())
			}
		}
		if count != 100 {
			t.Fatal(count)
		}
	}
}

// All 16-bit floats that a store can hold, and all integers, are decoded as the library decodes them.
func TestEveryStoredNumberIsDecoded(t *testing.T) {
	halves := ofElement(t, syna.Float16, 0)
	stored := make([]byte, 132)
	for number := 0; number < 0x10000; number += 66 {
		for i := 0; i < 66; i++ {
			half := number + i
			if half&0x7C00 == 0x7C00 || half > 0xFFFF {
				half = 0
			}
			stored[2*i], stored[2*i+1] = byte(half), byte(half>>8)
		}
		compareDecoded(t, halves, syna.Float16, stored)
	}
	integers := ofElement(t, syna.Int8, 0)
	for _, scale := range []float32{0, math.SmallestNonzeroFloat32, 0.1, 1, 2.6e36} {
		stored := make([]byte, 72)
		bits := math.Float32bits(scale)
		stored[68], stored[69], stored[70], stored[71] = byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24)
		for number := -127; number <= 127; number += 66 {
			for i := 0; i < 66; i++ {
				stored[i] = byte(min(number+i, 127))
			}
			compareDecoded(t, integers, syna.Int8, stored)
		}
	}
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func compareDecoded(t *testing.T, store *syna.Store, element syna.Element, stored []byte) {
	t.Helper()
	rows := syna.Rows{Keys: []string{"k"}, StoredVectors: stored, VectorsElement: element}
	if _, err := store.UpsertBatch(rows); err != nil {
		t.Fatal(err)
	}
	kept := make([]float32, 66)
	view, err := store.View("k")
	if err != nil || store.Get("k", kept) != nil || !isSame(view.Vector, kept) || !bytes.Equal(view.Stored, stored) {
		t.Fatal(err, view.Vector, kept)
	}
}

func TestStoredVectorsAreChecked(t *testing.T) {
	for element, vectorBytes := range smaller {
		store := ofElement(t, element, 1)
		write := func(rows syna.Rows) error {
			rows.Keys = []string{"a", "b"}
			_, err := store.InsertBatch(rows)
			return err
		}
		wantStatus(t, write(syna.Rows{StoredVectors: make([]byte, 2*vectorBytes-1), VectorsElement: element}),
			syna.ErrDimensionMismatch)
		wantStatus(t, write(syna.Rows{VectorsElement: element}), syna.ErrDimensionMismatch)
		wantStatus(t, write(syna.Rows{StoredVectors: make([]byte, 2*vectorBytes)}), syna.ErrDimensionMismatch)
		wantStatus(t, write(syna.Rows{StoredVectors: []byte{}, VectorsElement: 99}), syna.ErrInvalidArgument)
		wantStatus(t, write(syna.Rows{Vectors: make([]float32, 132), VectorsElement: element}), syna.ErrInvalidArgument)
		for other := range smaller {
			if other != element {
				wantStatus(t, write(syna.Rows{StoredVectors: []byte{1}, VectorsElement: other}), syna.ErrElementMismatch)
			}
		}
		if store.Len() != 1 {
			t.Fatal(store.Len())
		}
		// At an odd address.
		shifted := make([]byte, 2*vectorBytes+1)
		if err := write(syna.Rows{StoredVectors: shifted[1:], VectorsElement: element}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestElementsOfFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	open := func(chosen ...syna.Option) error {
		store, err := syna.Open(path, append([]syna.Option{syna.WithDimensions(64)}, chosen...)...)
		if err != nil {
			return err
		}
		defer store.Close()
		options, err := store.Options()
		if err == nil && (options.Element != syna.Int8 || store.Element() != syna.Int8) {
			err = errors.New("another element type")
		}
		return err
	}
	wantStatus(t, open(syna.WithElement(syna.ElementFromFile)), syna.ErrNotFound)
	for _, element := range []syna.Element{syna.Int8, syna.ElementFromFile} {
		if err := open(syna.WithElement(element)); err != nil {
			t.Fatal(err)
		}
	}
	wantStatus(t, open(syna.WithElement(syna.Float16)), syna.ErrElementMismatch)
	wantStatus(t, open(), syna.ErrElementMismatch)
	wantStatus(t, open(syna.WithElement(99)), syna.ErrInvalidArgument)
}
