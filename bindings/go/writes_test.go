package syna_test

import (
	"errors"
	"strings"
	"testing"

	syna "syna-mmap/bindings/go"
)

// The operations of ../conformance/cases.txt that write batches, update rows and set the user block.

var keyKinds = map[string]syna.KeyKind{
	"text": syna.TextKeys, "bytes": syna.ByteKeys, "from_file": syna.KeysFromFile,
}

// labels are the options that say what is in a file.
func (r *replay) labels(words []string) []syna.Option {
	var chosen []syna.Option
	var block syna.UserBlock
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "application_id":
			block.ApplicationID = uint32(r.parsed(value))
		case "user_version":
			block.UserVersion = uint32(r.parsed(value))
		case "label":
			block.Label = r.bytesOf(value)
		case "expected_label":
			chosen = append(chosen, syna.WithExpectedLabel(r.bytesOf(value)))
		}
	}
	return append(chosen, syna.WithUserBlock(block))
}

// following are the words of that many lines that follow.
func (r *replay) following(operation string, count uint64) [][]string {
	expected := r.expected
	var lines [][]string
	for ; count > 0; count-- {
		r.require(r.isNext(operation), "a line with %s is missing", operation)
		lines = append(lines, r.words[1:])
	}
	r.expected = expected
	return lines
}

func (r *replay) keys(count uint64) []string {
	var keys []string
	for _, words := range r.following("key", count) {
		keys = append(keys, r.bytesOf(words[0]))
	}
	return keys
}

func (r *replay) batch() {
	store, operation, mode := r.store(), r.words, syna.KeepExisting
	if operation[2] == "upsert" {
		mode = syna.ReplaceExisting
	}
	var rows syna.Rows
	if len(operation) > 4 {
		rows.Delete = r.keys(r.parsed(operation[4]))
	}
	hasTags, hasPayloads := false, false
	for _, words := range r.following("row", r.parsed(operation[3])) {
		rows.Keys = append(rows.Keys, r.bytesOf(words[0]))
		rows.Vectors = append(rows.Vectors, r.vectorOf(words[1])...)
		rows.Tags = append(rows.Tags, r.parsed(words[2]))
		rows.Payloads = append(rows.Payloads, []byte(r.bytesOf(words[3])))
		hasTags = hasTags || words[2] != "0"
		hasPayloads = hasPayloads || words[3] != "-"
	}
	if !hasTags {
		rows.Tags = nil
	}
	if !hasPayloads {
		rows.Payloads = nil
	}
	if len(operation) > 4 {
		written, err := store.Write(rows, mode)
		r.saidStatus(err, written.Rows, written.Deleted)
		return
	}
	write := store.InsertBatch
	if mode == syna.ReplaceExisting {
		write = store.UpsertBatch
	}
	written, err := write(rows)
	r.saidStatus(err, written)
}

func (r *replay) update() {
	store, operation := r.store(), r.words
	hasTags := operation[2] == "tags" || operation[2] == "both"
	hasPayloads := operation[2] == "payloads" || operation[2] == "both"
	var values syna.Values
	for _, words := range r.following("values", r.parsed(operation[3])) {
		values.Keys = append(values.Keys, r.bytesOf(words[0]))
		if hasTags {
			values.Tags = append(values.Tags, r.parsed(words[1]))
		}
		if hasPayloads {
			values.Payloads = append(values.Payloads, []byte(r.bytesOf(words[2])))
		}
	}
	updated, err := store.Update(values)
	r.saidStatus(err, updated)
}

func (r *replay) userBlock() {
	block, err := r.store().UserBlock()
	label := "another label"
	if err == nil && block.Label == r.bytesOf(r.expected[3]) {
		label = r.expected[3]
	}
	r.saidStatus(err, block.ApplicationID, block.UserVersion, label)
}

func (r *replay) write() bool {
	switch r.words[0] {
	case "batch":
		r.batch()
	case "delete_batch":
		store := r.store()
		deleted, err := store.DeleteBatch(r.keys(r.parsed(r.words[2])))
		r.saidStatus(err, deleted)
	case "delete_where":
		deleted, err := r.store().DeleteWhere(r.searchOptions()...)
		r.saidStatus(err, deleted)
	case "update":
		r.update()
	case "set_tags":
		r.saidStatus(r.store().SetTags(r.key(), r.parsed(r.words[3])))
	case "set_payload":
		r.saidStatus(r.store().SetPayload(r.key(), []byte(r.bytesOf(r.words[3]))))
	case "user_block":
		r.userBlock()
	case "set_user_block":
		block := syna.UserBlock{ApplicationID: uint32(r.parsed(r.words[2])), UserVersion: uint32(r.parsed(r.words[3])),
			Label: r.bytesOf(r.words[4])}
		r.saidStatus(r.store().SetUserBlock(block))
	default:
		return false
	}
	return true
}

func TestWritesOfSeveralKinds(t *testing.T) {
	store, err := syna.InMemory(syna.WithDimensions(64), syna.WithKeyKind(syna.ByteKeys),
		syna.WithUserBlock(syna.UserBlock{Label: "model-1"}))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	key := "\xff\x00\xfe"
	if written, err := store.Write(syna.Rows{Keys: []string{key, "b"}, Vectors: make([]float32, 128)},
		syna.KeepExisting); err != nil || written != (syna.Written{Rows: 2}) {
		t.Fatal(written, err)
	}
	if block, err := store.UserBlock(); err != nil || block.Label != "model-1" {
		t.Fatal(block, err)
	}
	for _, label := range []string{strings.Repeat("m", 65), "a\x00b"} {
		if err := store.SetUserBlock(syna.UserBlock{Label: label}); !errors.Is(err, syna.ErrInvalidArgument) {
			t.Fatal(err)
		}
		if _, err := syna.InMemory(syna.WithExpectedLabel(label)); !errors.Is(err, syna.ErrInvalidArgument) {
			t.Fatal(err)
		}
	}
	if _, err := store.Update(syna.Values{Keys: []string{key}, Tags: []uint64{1, 2}}); !errors.Is(err,
		syna.ErrInvalidArgument) {
		t.Fatal(err)
	}
	// A panic of a condition leaves DeleteWhere, and nothing is deleted.
	func() {
		defer func() {
			if recover() != "mine" {
				t.Fatal("no panic")
			}
		}()
		_, _ = store.DeleteWhere(syna.Where(func(syna.Row) bool { panic("mine") }))
	}()
	if store.Len() != 2 {
		t.Fatal(store.Len())
	}
}
