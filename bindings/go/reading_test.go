package syna_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	syna "syna-mmap/bindings/go"
)

// read does the operations of ../conformance/cases.txt that read rows without a search, or change settings; false: it is
// none of them.
func (r *replay) read() bool {
	switch r.words[0] {
	case "put":
		r.put()
	case "view":
		r.view()
	case "row_of":
		row, err := r.store().RowOf(r.key())
		r.saidStatus(err, row)
	case "row_at":
		row, err := r.store().RowAt(r.parsed(r.words[2]))
		r.saidStatus(err, row.Key)
	case "get_batch":
		r.getBatch()
	case "count_where":
		count, err := r.store().CountWhere(r.searchOptions()...)
		r.saidStatus(err, count)
	case "rows_where":
		room := make([]uint64, r.parsed(r.words[3]))
		rows, err := r.store().RowsWhere(r.parsed(r.words[2]), room, r.searchOptions()...)
		var answer []any
		for _, row := range rows {
			answer = append(answer, row)
		}
		r.saidStatus(err, answer...)
	case "distance":
		distance, err := r.store().Distance(r.vectorOf(r.words[2]), r.vectorOf(r.words[3]))
		answer := fmt.Sprint(distance)
		if err == nil && r.isDistance(r.expected[1], distance) {
			answer = r.expected[1]
		}
		r.saidStatus(err, answer)
	case "path":
		path, err := r.store().Path()
		answer := "-"
		if path != "" {
			answer = filepath.Base(path)
		}
		r.saidStatus(err, answer)
	case "option":
		r.option()
	case "set_ef_search":
		r.saidStatus(r.store().SetEfSearch(uint32(r.parsed(r.words[2]))))
	case "set_checkpoint_interval":
		r.saidStatus(r.store().SetCheckpointInterval(time.Duration(r.parsed(r.words[2])) * time.Second))
	case "open_memory":
		r.openMemory()
	default:
		return false
	}
	return true
}

func (r *replay) put() {
	key, vector, tags := r.key(), r.vectorOf(r.words[3]), r.parsed(r.words[4])
	payload := []byte(r.bytesOf(r.words[5]))
	if r.words[6] == "insert" {
		written, err := r.store().PutNew(key, vector, tags, payload)
		r.saidStatus(err, yesNo(written))
	} else {
		r.saidStatus(r.store().Put(key, vector, tags, payload), "yes")
	}
}

func (r *replay) getBatch() {
	var keys []string
	for _, word := range r.words[2:] {
		keys = append(keys, r.bytesOf(word))
	}
	width := r.store().Dimensions()
	vectors, one := make([]float32, len(keys)*width), make([]float32, width)
	found, err := r.store().GetBatch(keys, vectors)
	count, answer := 0, []any{}
	for i, isFound := range found {
		answer = append(answer, yesNo(isFound))
		if isFound {
			count++
			r.require(r.store().Get(keys[i], one) == nil && isSame(one, vectors[i*width:(i+1)*width]), "another vector")
		}
	}
	r.saidStatus(err, append([]any{count}, answer...)...)
}

func (r *replay) option() {
	options, err := r.store().Options()
	numbers := map[string]any{
		"dimensions": options.Dimensions, "metric": uint32(options.Metric), "flags": uint32(options.Flags),
		"hnsw_ef_search": options.HnswEfSearch, "checkpoint_interval_secs": int(options.CheckpointInterval / time.Second),
	}
	r.saidStatus(err, numbers[r.words[2]])
}

func (r *replay) openMemory() {
	file, err := os.Open(filepath.Join(r.folder, r.words[2]))
	r.require(err == nil, "no file")
	defer file.Close()
	about, err := file.Stat()
	r.require(err == nil, "no file")
	var memory []byte
	if about.Size() > 0 {
		// Mapped until the end of the test.
		memory, err = syscall.Mmap(int(file.Fd()), 0, int(about.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
		r.require(err == nil, "not mapped")
	}
	r.keep(syna.OpenMemory(memory, nil))
}
