//go:build syna_system

package syna

/*
#cgo pkg-config: syna_mmap
*/
import "C"
