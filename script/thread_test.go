package script

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachWorkerBringsAProcessorUntilItsEngineIsClosed(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	e, err := NewEngine(t.Context(), Options{Workers: 3})
	require.NoError(t, err)
	require.Equal(t, before+3, runtime.GOMAXPROCS(0))
	require.NoError(t, e.Close(t.Context()))
	require.Equal(t, before, runtime.GOMAXPROCS(0))
}

func TestWhatGoesWrongOnAThreadIsTheCallers(t *testing.T) {
	wrong := errors.New("wrong")
	require.ErrorIs(t, onOwnThread(func() error { return wrong }), wrong)
	defer func() {
		p, ok := recover().(string)
		require.True(t, ok)
		require.Contains(t, p, "boom\n", "with its stack")
	}()
	_ = onOwnThread(func() error { panic("boom") })
}
