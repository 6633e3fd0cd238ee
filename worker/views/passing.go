package views

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/redis/go-redis/v9"
	"go.temporal.io/api/serviceerror"
)

// passing reports whether an error of Redis or Temporal is transient: the server is down,
// restarting, or being replaced. An error about the call itself isn't.
func passing(err error) bool {
	return redisPasses(err) || temporalPasses(err)
}

func redisPasses(err error) bool {
	if _, network := errors.AsType[net.Error](err); network {
		return true
	}
	for _, soon := range []error{io.EOF, io.ErrUnexpectedEOF, redis.ErrPoolTimeout, redis.ErrPoolExhausted, context.DeadlineExceeded} {
		if errors.Is(err, soon) {
			return true
		}
	}
	for _, says := range []func(error) bool{
		redis.IsLoadingError, redis.IsReadOnlyError, redis.IsClusterDownError, redis.IsTryAgainError,
		redis.IsMasterDownError, redis.IsMaxClientsError, redis.IsNoReplicasError,
	} {
		if says(err) {
			return true
		}
	}
	return false
}

func temporalPasses(err error) bool {
	if _, ok := errors.AsType[*serviceerror.Unavailable](err); ok {
		return true
	}
	if _, ok := errors.AsType[*serviceerror.ResourceExhausted](err); ok {
		return true
	}
	_, ok := errors.AsType[*serviceerror.DeadlineExceeded](err)
	return ok
}
