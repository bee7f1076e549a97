package syna_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	syna "syna-mmap/bindings/go"
)

// filled is a store in memory with so many rows, whose keys are their numbers in letters.
func filled(t *testing.T, count int, chosen ...syna.Option) *syna.Store {
	t.Helper()
	chosen = append([]syna.Option{syna.WithDimensions(64), syna.WithMetric(syna.Euclidean)}, chosen...)
	store, err := syna.InMemory(chosen...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	for i := 0; i < count; i++ {
		vector := make([]float32, 64)
		vector[0] = float32(i)
		if _, err := store.Insert(strings.Repeat("k", i), vector); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

func TestConditionsPanicAndAreAskedByThreads(t *testing.T) {
	store := filled(t, 200, syna.WithThreads(2))
	results, err := syna.NewResults()
	if err != nil {
		t.Fatal(err)
	}
	defer results.Close()
	ctx := context.Background()
	queries := make([]float32, 64*8)
	var asked sync.Map
	each, err := store.SearchBatch(ctx, queries, 8, 3, results, syna.Where(func(row syna.Row) bool {
		asked.Store(row.Number, len(row.Key))
		return len(row.Key)%50 == 7 && row.Vector[0] == float32(row.Number)
	}))
	if err != nil || len(each) != 8 {
		t.Fatal(each, err)
	}
	for i := range each {
		first, end := results.Query(i)
		if each[i] != nil || end-first != 3 || results.Row(first) != 7 || results.Row(end-1) != 107 {
			t.Fatal(i, each[i], first, end)
		}
	}
	if length, ok := asked.Load(uint64(107)); !ok || length != 107 {
		t.Fatal("row 107 was not asked about")
	}
	func() {
		defer func() {
			if said := recover(); said != "no answer" {
				t.Fatal(said)
			}
		}()
		_ = store.Search(ctx, queries[:64], 3, results, syna.Where(func(syna.Row) bool { panic("no answer") }))
		t.Fatal("a panic was lost")
	}()
	if err := store.Search(ctx, queries[:64], 3, results); err != nil || results.Len() != 3 {
		t.Fatal(err)
	}
	if err := store.Search(ctx, queries[:63], 3, results, syna.Where(nil)); !errors.Is(err, syna.ErrDimensionMismatch) {
		t.Fatal(err)
	}
}

func TestRowsOutliveTheirStore(t *testing.T) {
	store := filled(t, 150)
	cursor, err := store.Rows(100)
	if err != nil {
		t.Fatal(err)
	}
	defer cursor.Close()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	count := 0
	for ; cursor.Next(); count++ {
		if row := cursor.Row(); row.Number != uint64(100+count) || row.Vector[0] != float32(row.Number) {
			t.Fatal(row)
		}
	}
	if cursor.Err() != nil || count != 50 {
		t.Fatal(cursor.Err(), count)
	}
	cursor.Close()
	if cursor.Next() || !errors.Is(cursor.Err(), syna.ErrInvalidHandle) {
		t.Fatal("a closed cursor went on")
	}
}

func TestTheLogIsHeard(t *testing.T) {
	var mutex sync.Mutex
	var lines []string
	err := syna.LogTo(syna.LogInfo, func(level syna.Level, text string) {
		mutex.Lock()
		defer mutex.Unlock()
		if level <= syna.LogInfo {
			lines = append(lines, text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	store := filled(t, 60)
	if err := store.BuildIndexWith(func(done, total uint64) bool { told++; return done <= total }); err != nil {
		t.Fatal(err)
	}
	if err := syna.LogTo(syna.LogError, nil); err != nil {
		t.Fatal(err)
	}
	mutex.Lock()
	defer mutex.Unlock()
	if told == 0 || !strings.Contains(strings.Join(lines, "\n"), "built an index of 60 rows") {
		t.Fatal(told, lines)
	}
}
