package site

import (
	"errors"
	"io"
	"net"
)

// isNetwork reports whether an error is that of a connection.
func isNetwork(err error) bool {
	_, network := errors.AsType[net.Error](err)
	_, op := errors.AsType[*net.OpError](err)
	return network || op || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
