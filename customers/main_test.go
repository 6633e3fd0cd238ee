package customers_test

import (
	"testing"

	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }
