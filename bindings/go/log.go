package syna

/*
#include "calls.h"
*/
import "C"

import "sync/atomic"

// Level is how much something in the log matters; lower numbers matter more.
type Level uint32

const (
	LogError   Level = C.SYNA_MMAP_LOG_ERROR
	LogWarning Level = C.SYNA_MMAP_LOG_WARNING
	LogInfo    Level = C.SYNA_MMAP_LOG_INFO
	LogDebug   Level = C.SYNA_MMAP_LOG_DEBUG
)

var listener atomic.Value

func heard() func(Level, string) {
	tell, _ := listener.Load().(func(Level, string))
	return tell
}

// LogTo has tell hear what the library has to say, of all stores of the process, up to a level; nil: nobody. It is called
// by several threads at once and must not call this package.
func LogTo(most Level, tell func(Level, string)) error {
	why := newErrorStruct()
	listener.Store(tell)
	return check(C.go_set_log(C.uint32_t(most), C.bool(tell != nil), why), why)
}
