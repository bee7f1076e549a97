//go:build !syna_system

package syna

// A folder that CGO_LDFLAGS names by -L is looked at before target/release.

/*
#cgo CFLAGS: -I${SRCDIR}/../../include
#cgo LDFLAGS: -L${SRCDIR}/../../target/release -l:libsyna_mmap.a
#cgo linux LDFLAGS: -lgcc_eh -lm -ldl -lpthread
*/
import "C"
