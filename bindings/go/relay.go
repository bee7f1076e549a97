package syna

// A file with an export must not include calls.h: what C includes of it lacks the declarations of Go's strings.

/*
#include "syna_mmap.h"
*/
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

//export syna_go_verify
func syna_go_verify(context C.uintptr_t, found *C.syna_mmap_finding, done, total C.uint64_t) (goOn C.bool) {
	v := cgo.Handle(context).Value().(*verification)
	// A panic must not get into C: it goes on in Verify.
	defer func() {
		if v.panicked = recover(); v.panicked != nil {
			goOn = false
		}
	}()
	if v.tell == nil {
		return true
	}
	report := Progress{Done: uint64(done), Total: uint64(total)}
	if found != nil {
		key := C.GoStringN(found.key, C.int(found.key_len))
		report.Finding = &Finding{key, uint64(found.row), Problem(found.problem), C.GoString(found.message)}
	}
	return C.bool(v.tell(report))
}

//export syna_go_progress
func syna_go_progress(context C.uintptr_t, done, total C.uint64_t) (goOn C.bool) {
	p := cgo.Handle(context).Value().(*telling)
	// A panic must not get into C: it goes on in the call.
	defer func() {
		if p.panicked = recover(); p.panicked != nil {
			goOn = false
		}
	}()
	return C.bool(p.tell == nil || p.tell(uint64(done), uint64(total)))
}

//export syna_go_condition
func syna_go_condition(context C.uintptr_t, row *C.syna_mmap_row) (passes C.bool) {
	c := cgo.Handle(context).Value().(*condition)
	defer func() {
		if panicked := recover(); panicked != nil {
			c.keep(panicked)
			passes = false
		}
	}()
	return C.bool(c.ask(unsafe.Pointer(row)))
}

//export syna_go_log
func syna_go_log(level C.uint32_t, text *C.char, length C.size_t) {
	// A logger's trouble is not the store's.
	defer func() { _ = recover() }()
	if tell := heard(); tell != nil {
		tell(Level(level), C.GoStringN(text, C.int(length)))
	}
}
