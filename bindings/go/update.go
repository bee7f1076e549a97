package syna

/*
#include "calls.h"
*/
import "C"

import (
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// DeleteBatch deletes many keys, all or none. It returns how many existed.
func (s *Store) DeleteBatch(keys []string) (int, error) {
	defer runtime.KeepAlive(s)
	text, offsets := joinedTexts(keys)
	why := newErrorStruct()
	var deleted C.size_t
	status := C.go_delete_batch(s.handle, (*C.char)(unsafe.Pointer(bytesOf(text))), numbers(offsets),
		C.size_t(len(keys)), &deleted, why)
	err := check(status, why)
	return int(deleted), err
}

// DeleteWhere deletes all rows that meet the conditions, all or none; without conditions: all rows. It returns how many.
func (s *Store) DeleteWhere(conditions ...SearchOption) (int, error) {
	defer runtime.KeepAlive(s)
	var o searchOptions
	for _, option := range conditions {
		option(&o)
	}
	how := o.armed(s.shape)
	if o.condition != nil {
		defer cgo.Handle(o.raw.condition).Delete()
	}
	why := newErrorStruct()
	var deleted C.size_t
	err := check(C.go_delete_where(s.handle, how, o.prefix, numbers(o.rows), C.size_t(len(o.rows)), &deleted, why), why)
	if o.condition != nil && o.condition.panicked != nil {
		panic(o.condition.panicked)
	}
	return int(deleted), err
}

// Values are new tags, payloads and values of existing keys.
type Values struct {
	Keys []string
	// Tags has a number for each key, or is nil: tags stay as they are.
	Tags []uint64
	// Payloads has some bytes for each key, or is nil: payloads stay as they are. An empty one removes the old one.
	Payloads [][]byte
	// Columns has new values for columns of the store; those that are left out stay as they are.
	Columns Columns
}

// Update sets tags, payloads and values of existing keys, all or none; others are ignored. It returns how many exist.
func (s *Store) Update(values Values) (int, error) {
	defer runtime.KeepAlive(s)
	count := len(values.Keys)
	if err := wrongCounts(count, values.Tags, values.Payloads); err != nil {
		return 0, err
	}
	columns, err := values.Columns.joined(s.shape, count)
	if err != nil {
		return 0, err
	}
	keys, keyOffsets := joinedTexts(values.Keys)
	payloads, payloadOffsets := joinedPayloads(values.Payloads)
	if count == 0 {
		// No keys need no values.
		payloadOffsets = keyOffsets
	}
	why := newErrorStruct()
	var updated C.size_t
	status := C.go_update(s.handle, (*C.char)(unsafe.Pointer(bytesOf(keys))), numbers(keyOffsets), C.size_t(count),
		numbers(values.Tags), bytesOf(payloads), numbers(payloadOffsets), uint32s(columns.places),
		uint32s(columns.kinds), numbers(columns.values), C.size_t(len(columns.places)), &updated, why)
	err = check(status, why)
	return int(updated), err
}

// SetTags sets the tags of a key; ErrNotFound where there is no such key.
func (s *Store) SetTags(key string, tags uint64) error {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	return check(C.go_set_tags(s.handle, key, C.uint64_t(tags), why), why)
}

// SetPayload sets the payload of a key; an empty one removes it. ErrNotFound where there is no such key.
func (s *Store) SetPayload(key string, payload []byte) error {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	return check(C.go_set_payload(s.handle, key, bytesOf(payload), C.size_t(len(payload)), why), why)
}

// UserBlock are values that an application stores in the file for itself.
type UserBlock struct {
	// ApplicationID tells which application the file belongs to.
	ApplicationID uint32
	// UserVersion is the version of the application's data.
	UserVersion uint32
	// Label is what the vectors are, for example the name of the embedding model; at most 64 bytes of UTF-8.
	Label string
}

// UserBlock is the file's; of a store that was opened ReadOnly as of the opening or the last Refresh.
func (s *Store) UserBlock() (UserBlock, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var raw C.syna_mmap_user_block
	err := check(C.go_get_user_block(s.handle, &raw, why), why)
	return UserBlock{uint32(raw.application_id), uint32(raw.user_version), C.GoString(&raw.label[0])}, err
}

// SetUserBlock replaces the file's, and makes all writes so far safe from a power cut.
func (s *Store) SetUserBlock(block UserBlock) error {
	defer runtime.KeepAlive(s)
	if err := wrongLabel(block.Label); err != nil {
		return err
	}
	why := newErrorStruct()
	return check(C.go_set_user_block(s.handle, C.uint32_t(block.ApplicationID), C.uint32_t(block.UserVersion),
		block.Label, why), why)
}
