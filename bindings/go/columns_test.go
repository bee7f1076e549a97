package syna_test

import (
	"context"
	"math"
	"path/filepath"
	"reflect"
	"testing"

	syna "syna-mmap/bindings/go"
)

var columns = []syna.Column{
	{Name: "year", Kind: syna.Int64Column}, {Name: "tenant", Kind: syna.Uint64Column}, {Name: "price", Kind: syna.Float64Column},
}

type sale struct {
	year   int64
	tenant uint64
	price  float64
}

func saleOf(value func(string) syna.Value) sale {
	return sale{value("year").Int64(), value("tenant").Uint64(), value("price").Float64()}
}

func fourRows(values syna.Columns) syna.Rows {
	rows := syna.Rows{Keys: []string{"a", "b", "c", "d"}, Columns: values}
	for i := range rows.Keys {
		rows.Vectors = append(rows.Vectors, row(i)...)
	}
	return rows
}

func TestColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	store, err := syna.Open(path, syna.WithDimensions(dimensions), syna.WithColumns(columns...))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(store.Columns(), columns) {
		t.Fatal(store.Columns())
	}
	// A column that is left out is 0.
	written, err := store.InsertBatch(fourRows(syna.Columns{
		"price": []float64{0.5, 1, -2.5, 1e300}, "year": []int64{math.MinInt64, 1999, 2020, 2024}}))
	if err != nil || written != 4 {
		t.Fatal(written, err)
	}
	updated, err := store.Update(syna.Values{Keys: []string{"a", "nothing", "c"},
		Columns: syna.Columns{"tenant": []uint64{math.MaxUint64, 7, 3}}})
	if err != nil || updated != 2 {
		t.Fatal(updated, err)
	}
	checkSales(t, store)
	if err := store.Compact(nil); err != nil {
		t.Fatal(err)
	}
	checkSales(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	// The columns come from the file.
	for _, other := range [][]syna.Column{columns[:2], {columns[1], columns[0], columns[2]}} {
		_, err := syna.Open(path, syna.WithDimensions(dimensions), syna.WithColumns(other...))
		wantStatus(t, err, syna.ErrColumnsMismatch)
	}
	store, err = syna.Open(path, syna.WithDimensions(dimensions), syna.WithFlags(syna.ReadOnly))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	checkSales(t, store)
}

func checkSales(t *testing.T, store *syna.Store) {
	t.Helper()
	wanted := map[string]sale{
		"a": {math.MinInt64, math.MaxUint64, 0.5}, "b": {1999, 0, 1}, "c": {2020, 3, -2.5}, "d": {2024, 0, 1e300},
	}
	found := map[string]sale{}
	for key := range wanted {
		found[key] = saleOf(func(column string) syna.Value {
			value, err := store.Value(key, column)
			if err != nil {
				t.Fatal(err)
			}
			return value
		})
	}
	same := func(what string) {
		t.Helper()
		if !reflect.DeepEqual(found, wanted) {
			t.Fatal(what, found)
		}
		found = map[string]sale{}
	}
	same("by key")
	cursor, err := store.Rows(0)
	if err != nil {
		t.Fatal(err)
	}
	defer cursor.Close()
	for cursor.Next() {
		found[cursor.Row().Key] = saleOf(cursor.Row().Value)
	}
	same("iteration")
	for key := range wanted {
		view, err := store.View(key)
		if err != nil {
			t.Fatal(err)
		}
		at, err := store.RowAt(view.Number)
		if err != nil || at.Key != key || !reflect.DeepEqual(at.Values, view.Values) || len(at.Values) != 3 {
			t.Fatal(at, err)
		}
		found[key] = saleOf(view.Value)
	}
	same("views")
	results := newResults(t)
	if err := store.Search(context.Background(), row(1), 9, results); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < results.Len(); i++ {
		found[results.Key(i)] = saleOf(func(column string) syna.Value { return results.Value(i, column) })
	}
	same("hits")
	recent, err := store.CountWhere(syna.Where(func(row syna.Row) bool { return row.Value("year").Int64() >= 2020 }))
	if err != nil || recent != 2 {
		t.Fatal(recent, err)
	}
}

func TestInvalidColumns(t *testing.T) {
	for _, names := range [][]string{{""}, {"a\x00b"}, {string(make([]byte, 33))}, {"\xff"}, {"a", "a"}} {
		var all []syna.Column
		for _, name := range names {
			all = append(all, syna.Column{Name: name, Kind: syna.Int64Column})
		}
		_, err := syna.InMemory(syna.WithDimensions(dimensions), syna.WithColumns(all...))
		wantStatus(t, err, syna.ErrInvalidArgument)
	}
	_, err := syna.InMemory(syna.WithColumns(syna.Column{Name: "a", Kind: 4}))
	wantStatus(t, err, syna.ErrInvalidArgument)
	_, err = syna.InMemory(syna.WithColumns(make([]syna.Column, 17)...))
	if err == nil {
		t.Fatal("17 columns")
	}

	store, err := syna.InMemory(syna.WithDimensions(dimensions), syna.WithColumns(columns[0]), syna.WithColumns(columns...))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, values := range []syna.Columns{
		{"colour": make([]int64, 4)},
		{"year": make([]int64, 3)},
		{"year": make([]uint64, 4)},
		{"year": make([]int, 4)},
		{"year": nil},
		{"price": []float64{0, 1, math.NaN(), 2}},
	} {
		_, err := store.InsertBatch(fourRows(values))
		wantStatus(t, err, syna.ErrInvalidArgument)
		_, err = store.Update(syna.Values{Keys: []string{"a", "b", "c", "d"}, Columns: values})
		wantStatus(t, err, syna.ErrInvalidArgument)
	}
	if store.Len() != 0 {
		t.Fatal(store.Len())
	}
	if _, err := store.InsertBatch(fourRows(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.InsertBatch(syna.Rows{Columns: syna.Columns{"year": []int64{}}}); err != nil {
		t.Fatal(err)
	}
	_, err = store.Value("a", "colour")
	wantStatus(t, err, syna.ErrInvalidArgument)
	_, err = store.Value("nothing", "year")
	wantStatus(t, err, syna.ErrNotFound)
	defer func() {
		if failure, ok := recover().(*syna.Error); !ok || failure.Status != syna.ErrInvalidArgument {
			t.Fatal("another panic")
		}
	}()
	store.CountWhere(syna.Where(func(row syna.Row) bool { return row.Value("colour").Uint64() == 0 }))
	t.Fatal("no panic")
}

func TestHash64(t *testing.T) {
	if syna.Hash64("") != 0xcbf29ce484222325 || syna.Hash64("a") != 0xaf63dc4c8601ec8c {
		t.Fatal(syna.Hash64("a"))
	}
}
