package main

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"holdfast/audit"
	"holdfast/audits"
	"holdfast/redisdb"
)

func TestAnAuditStoresItsReportIfAsked(t *testing.T) {
	url := "redis://" + miniredis.RunT(t).Addr()
	t.Setenv("REDIS_URL", url)
	rdb, err := redisdb.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rdb.Close()) })
	latest := func() (audit.Stored, error) { return audits.New(rdb).Latest(t.Context(), audit.SubjectMoney) }

	said := &heard{}
	require.Equal(t, exitOK, run(t.Context(), []string{"audit", "--money"}, said, said), "%s", said)
	_, err = latest()
	require.ErrorIs(t, err, audit.ErrNotStored)
	require.Equal(t, exitOK, run(t.Context(), []string{"audit", "--money", "--store"}, said, said), "%s", said)
	report, err := latest()
	require.NoError(t, err)
	require.Zero(t, report.Found)
	require.NotEmpty(t, report.Version)
	require.False(t, report.EndedAt.Before(report.BegunAt))
}
