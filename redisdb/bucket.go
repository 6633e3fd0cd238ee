package redisdb

import "fmt"

// Buckets is how many event streams and deadline lists the entities are spread over. It is
// part of every key, so it can't be changed in a database that is in use.
const Buckets = 64

var tags = func() (tags [Buckets]string) {
	for i := range tags {
		tags[i] = fmt.Sprintf("{b%02d}", i)
	}
	return tags
}()

// Bucket returns the bucket of an entity as the hash tag with which each of its keys
// starts, such as "{b17}": fnv32a(id) mod 64.
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

// EventsKey is the stream to which every change of an entity in the bucket is appended.
func EventsKey(bucket string) string { return bucket + ":events" }
