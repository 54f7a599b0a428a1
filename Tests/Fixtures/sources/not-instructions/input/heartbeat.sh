#!/bin/sh
touch /tmp/x
