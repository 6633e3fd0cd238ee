// Package compose contains the tests of docker-compose.yml and of the image that it builds,
// for machines without a container engine: the file is read as docker compose reads it, and
// its commands are run as processes with the environment that it gives them, against real
// services. There are only tests here.
package compose
