module syna-mmap/bindings/go

go 1.19
