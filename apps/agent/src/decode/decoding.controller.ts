import { Controller, Get } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { DecodeReport } from '@nightjar/contracts';
import { StreamClaims } from '../streams/stream-claims.js';

/** `GET /decoding`: how much of each live stream of this agent is decoded, and why. */
@Controller('decoding')
export class DecodingController {
  constructor(private readonly streams: StreamClaims) {}

  @Get()
  @Policy({ kind: 'authenticated' })
  list(): { streams: DecodeReport[] } {
    return { streams: this.streams.decoding };
  }
}
