package api_test

import (
	"testing"

	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) {
	readLinesAsContract()
	redistest.Main(m)
}
