// Package syna is an embedded vector store in one memory-mapped file.
//
//	store, err := syna.Open("notes.syna", syna.WithDimensions(384))
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	_, err = store.Insert("first", vector)
//	results, err := syna.NewResults() // one for each goroutine, used again and again
//	err = store.Search(ctx, query, 10, results)
//	for i := 0; i < results.Len(); i++ {
//		fmt.Println(results.Distance(i), results.Key(i))
//	}
//
// Vectors are passed as they lie in memory, without a copy. A Store may be used by all goroutines at once, Results by
// one at a time.
//
// The library is linked statically, from target/release of the repository that this package lies in, so that
// `go build` gives one binary; the build tag syna_system takes the installed one that pkg-config finds.
package syna
