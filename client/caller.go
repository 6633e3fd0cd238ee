package client

import "net/http"

// As returns a client that calls the same gateway over the same connections with another token; an
// empty token sends none.
func (c *Client) As(token string) *Client {
	other := *c
	other.token = token
	return &other
}

// Behind returns a client that says on whose behalf it calls: address is that of the browser which
// talks to the program. A gateway that trusts the program as a proxy counts the calls for that address.
func (c *Client) Behind(address string) *Client {
	other := *c
	other.behalf = address
	return &other
}

// introduce adds what the request says about its caller.
func (c *Client) introduce(req *http.Request) {
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.behalf != "" {
		req.Header.Set("X-Forwarded-For", c.behalf)
	}
}
