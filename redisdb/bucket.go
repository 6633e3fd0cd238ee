package redisdb

import "fmt"

// Buckets is how many event streams and deadline lists the entities are spread
// over. It is part of every key: it can't be changed in a database that is used.
const Buckets = 64

var tags = func() (tags [Buckets]string) {
	for i := range tags {
		tags[i] = fmt.Sprintf("{b%02d}", i)
	}
	return tags
}()

// Bucket names the bucket of an entity as the hash tag that every one of its
// keys starts with, such as "{b17}": fnv32a(id) mod 64.
func Bucket(id string) string {
	const offset, prime = 2166136261, 16777619
	h := uint32(offset)
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * prime
	}
	return tags[h%Buckets]
}

// AllBuckets lists the hash tags of all buckets.
func AllBuckets() []string { return append([]string(nil), tags[:]...) }

// EventsKey is the stream that every change of an entity in the bucket is
// appended to.
func EventsKey(bucket string) string { return bucket + ":events" }
