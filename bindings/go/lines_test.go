package syna_test

import (
	"errors"
	"fmt"
	"strings"

	syna "syna-mmap/bindings/go"
)

// The lines of ../conformance/cases.txt, and what was said compared with them.

func (r *replay) next() bool {
	for r.number < len(r.lines) {
		line := r.lines[r.number]
		r.number++
		if line == "" || line[0] == '#' {
			continue
		}
		before, after, _ := strings.Cut(line+" ", " -> ")
		r.words, r.expected = strings.Fields(before), strings.Fields(after)
		return true
	}
	return false
}

func (r *replay) isNext(operation string) bool {
	number := r.number
	if r.next() && r.words[0] == operation {
		return true
	}
	r.number = number
	return false
}

func (r *replay) require(isSo bool, format string, values ...any) {
	r.t.Helper()
	if !isSo {
		r.t.Fatalf("cases.txt:%d: %s: %s", r.number, r.lines[r.number-1], fmt.Sprintf(format, values...))
	}
}

func (r *replay) said(answer ...any) {
	r.t.Helper()
	text := strings.TrimSpace(fmt.Sprintln(answer...))
	r.require(text == strings.Join(r.expected, " "), "came out as %s", text)
	r.checks++
}

// saidStatus compares a status and, after OK, the values; whether it is OK.
func (r *replay) saidStatus(err error, values ...any) bool {
	r.t.Helper()
	if err == nil {
		r.said(append([]any{"OK"}, values...)...)
		return true
	}
	var failure *syna.Error
	r.require(errors.As(err, &failure) && errors.Is(err, failure.Status), "no error of ours: %v", err)
	r.require(failure.Message != "", "an error without a message")
	r.said(shortName(failure.Status))
	return false
}

func shortName(status syna.Status) string {
	if status == 0 {
		return "OK"
	}
	name := strings.TrimPrefix(status.Error(), "SYNA_MMAP_ERR_")
	if strings.HasPrefix(name, "(") {
		return "-"
	}
	return name
}

func yesNo(answer bool) string {
	if answer {
		return "yes"
	}
	return "no"
}
