package syna

// A file with an export must not include calls.h: what C includes of it lacks the declarations of Go's strings.

/*
#include "syna_mmap.h"
*/
import "C"

import "runtime/cgo"

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
		report.Finding = &Finding{key, uint64(found.row), Problem(found.problem)}
	}
	return C.bool(v.tell(report))
}
