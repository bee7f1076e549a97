// Wordnet stores 6,000 entries of WordNet and finds those that are nearest to some glosses.
//
//	wordnet [DATA_FOLDER [STORE]]     from the repository: examples/data, and a temporary file
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	syna "syna-mmap/bindings/go"
)

const dimensions, nearest = 384, 3

func main() {
	data, path := "examples/data", ""
	if len(os.Args) > 1 {
		data = os.Args[1]
	}
	if len(os.Args) > 2 {
		path = os.Args[2]
	} else {
		folder, err := os.MkdirTemp("", "syna-mmap-wordnet")
		if err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(folder)
		path = filepath.Join(folder, "wordnet.syna")
	}
	if err := run(data, path); err != nil {
		log.Fatal(err)
	}
}

func run(data, path string) error {
	keys, rows, err := table(data, "wordnet-keys.txt", "wordnet-384.f16")
	if err != nil {
		return err
	}
	texts, queries, err := table(data, "queries.txt", "queries-384.f16")
	if err != nil {
		return err
	}
	store, err := syna.Open(path, syna.WithDimensions(dimensions), syna.WithIndexThreshold(0))
	if err != nil {
		return err
	}
	defer store.Close()
	if _, err := store.InsertBatch(syna.Rows{Keys: keys, Vectors: rows}); err != nil {
		return err
	}
	if err := store.BuildIndex(); err != nil {
		return err
	}
	results, err := syna.NewResults()
	if err != nil {
		return err
	}
	defer results.Close()
	for i, text := range texts {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		err := store.Search(ctx, queries[i*dimensions:(i+1)*dimensions], nearest, results)
		cancel()
		if err != nil {
			return err
		}
		fmt.Println(text)
		for i := 0; i < results.Len(); i++ {
			fmt.Printf("  %.3f  %s\n", results.Distance(i), results.Key(i))
		}
	}
	return store.Close()
}

// table reads lines of text, and a vector of half-precision floats for each.
func table(data, texts, vectors string) ([]string, []float32, error) {
	text, err := os.ReadFile(filepath.Join(data, texts))
	if err != nil {
		return nil, nil, err
	}
	halves, err := os.ReadFile(filepath.Join(data, vectors))
	if err != nil {
		return nil, nil, err
	}
	floats := make([]float32, len(halves)/2)
	for i := range floats {
		floats[i] = fromHalf(binary.LittleEndian.Uint16(halves[2*i:]))
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n"), floats, nil
}

// fromHalf: IEEE 754 half precision.
func fromHalf(bits uint16) float32 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	size := math.Ldexp(fraction+1024, exponent-25)
	if exponent == 0 {
		size = math.Ldexp(fraction, -24)
	}
	if bits>>15 != 0 {
		size = -size
	}
	return float32(size)
}
