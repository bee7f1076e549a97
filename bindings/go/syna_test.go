package syna_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	syna "syna-mmap/bindings/go"
)

// What Go has of its own; the meaning of the calls is conformance_test.go's.

const dimensions = 64

func row(n int) []float32 {
	vector := make([]float32, dimensions)
	for i := range vector {
		vector[i] = float32(scrambled(uint64(n*dimensions+i))>>40)/8388608 - 1
	}
	return vector
}

func open(t testing.TB, chosen ...syna.Option) *syna.Store {
	t.Helper()
	chosen = append([]syna.Option{syna.WithDimensions(dimensions), syna.WithIndexThreshold(0)}, chosen...)
	store, err := syna.Open(filepath.Join(t.TempDir(), "store"), chosen...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func insert(t testing.TB, store *syna.Store, count int) {
	t.Helper()
	var rows syna.Rows
	for i := 0; i < count; i++ {
		rows.Keys = append(rows.Keys, fmt.Sprint(i))
		rows.Vectors = append(rows.Vectors, row(i)...)
	}
	if written, err := store.InsertBatch(rows); err != nil || written != count {
		t.Fatal(written, err)
	}
}

func newResults(t testing.TB) *syna.Results {
	t.Helper()
	results, err := syna.NewResults()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(results.Close)
	return results
}

func wantStatus(t *testing.T, err error, status syna.Status) {
	t.Helper()
	if !errors.Is(err, status) {
		t.Fatalf("%v is not %v", err, status)
	}
}

func TestErrors(t *testing.T) {
	_, err := syna.Open(filepath.Join(t.TempDir(), "no-folder", "store"), syna.WithDimensions(dimensions))
	wantStatus(t, err, syna.ErrIO)
	if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, syna.ErrLocked) {
		t.Fatal(err)
	}
	_, err = syna.Open("a\x00b")
	wantStatus(t, err, syna.ErrInvalidArgument)
	store := open(t)
	wantStatus(t, store.Upsert("k", make([]float32, 63)), syna.ErrDimensionMismatch)
	wantStatus(t, store.Get("k", nil), syna.ErrDimensionMismatch)
	_, err = store.InsertBatch(syna.Rows{Keys: []string{"a", "b"}, Vectors: make([]float32, 64)})
	wantStatus(t, err, syna.ErrDimensionMismatch)
	_, err = store.InsertBatch(syna.Rows{Keys: []string{"a"}, Vectors: make([]float32, 64), Tags: []uint64{1, 2}})
	wantStatus(t, err, syna.ErrInvalidArgument)
	wantStatus(t, store.Search(context.Background(), row(1), -1, newResults(t)), syna.ErrInvalidArgument)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, store.Close(), syna.ErrInvalidHandle)
}

func TestContexts(t *testing.T) {
	store, results := open(t), newResults(t)
	insert(t, store, 20000)
	over, cancel := context.WithDeadline(context.Background(), time.Now().Add(50*time.Microsecond))
	defer cancel()
	if err := store.Search(over, row(1), 10, results, syna.Exact()); err == nil && !results.IsPartial() {
		t.Fatal("a scan of 20,000 rows within 50 us")
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if err := store.Search(cancelled, row(1), 10, results); !errors.Is(err, context.Canceled) || results.Len() != 0 {
		t.Fatal(err, results.Len())
	}
	later, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if err := store.Search(later, row(1), 10, results); err != nil || results.IsPartial() || results.Len() != 10 {
		t.Fatal(err, results.Len())
	}
	if err := store.Search(later, row(1), 10, results, syna.Exact(), syna.Within(1)); err != nil || !results.IsPartial() {
		t.Fatal("the option's deadline comes first", err)
	}
}

func TestTogether(t *testing.T) {
	store := open(t)
	insert(t, store, 1000)
	var all sync.WaitGroup
	for g := 0; g < 4; g++ {
		all.Add(1)
		go func(g int) {
			defer all.Done()
			results, err := syna.NewResults()
			if err != nil {
				t.Error(err)
				return
			}
			defer results.Close()
			for i := g; i < 1000; i += 4 {
				if _, err := store.Insert(fmt.Sprint("new", i), row(5000+i)); err != nil {
					t.Error(err)
				}
				err := store.Search(context.Background(), row(5000+i), 1, results)
				if err != nil || results.Key(0) != fmt.Sprint("new", i) {
					t.Error(err, results.Key(0))
				}
			}
		}(g)
	}
	all.Wait()
	if store.Len() != 2000 {
		t.Fatal(store.Len())
	}
}

func TestClosedWhileInUse(t *testing.T) {
	store := open(t)
	insert(t, store, 100)
	var all sync.WaitGroup
	for g := 0; g < 2; g++ {
		all.Add(1)
		go func() {
			defer all.Done()
			results, _ := syna.NewResults()
			for {
				err := store.Search(context.Background(), row(1), 5, results)
				if errors.Is(err, syna.ErrInvalidHandle) {
					return
				}
				if err != nil || results.Len() != 5 || len(results.Vector(4)) != dimensions {
					t.Error(err)
				}
			}
		}()
	}
	time.Sleep(5 * time.Millisecond)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
}

func TestForgottenStoresAreClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	func() {
		store, err := syna.Open(path, syna.WithDimensions(dimensions))
		if err != nil {
			t.Fatal(err)
		}
		insert(t, store, 3)
	}()
	for began := time.Now(); ; runtime.GC() {
		store, err := syna.Open(path, syna.WithDimensions(dimensions))
		if err == nil {
			store.Close()
			return
		}
		if !errors.Is(err, syna.ErrLocked) || time.Since(began) > 10*time.Second {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestPanicsComeOutOfVerify(t *testing.T) {
	store := open(t)
	insert(t, store, 3000)
	if err := store.BuildIndex(); err != nil {
		t.Fatal(err)
	}
	if findings, err := store.Verify(nil); err != nil || findings != 0 {
		t.Fatal(findings, err)
	}
	_, err := store.Verify(func(syna.Progress) bool { return false })
	wantStatus(t, err, syna.ErrCancelled)
	defer func() {
		if recover() != "mine" {
			t.Fatal("another panic")
		}
	}()
	store.Verify(func(syna.Progress) bool { panic("mine") })
	t.Fatal("no panic")
}

func TestSearchesAllocateNothing(t *testing.T) {
	store, results, query := open(t), newResults(t), row(1)
	insert(t, store, 10)
	ctx := context.Background()
	count := testing.AllocsPerRun(1000, func() {
		if store.Search(ctx, query, 3, results) != nil || results.Distance(0) != 0 || results.Vector(0)[0] != query[0] {
			t.Fatal("another hit")
		}
	})
	if count != 0 {
		t.Fatalf("%v allocations a search", count)
	}
}

func BenchmarkSearch(b *testing.B) {
	store, results, query := open(b), newResults(b), row(1)
	insert(b, store, 1)
	ctx := context.Background()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if err := store.Search(ctx, query, 1, results); err != nil {
			b.Fatal(err)
		}
	}
}
